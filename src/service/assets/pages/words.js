// What the pages say, in Chinese and English. Words of records, rules and the server stay as they are.

const zh = {
  "nav.ward": "工作台", "nav.ledger": "台账", "nav.figures": "统计", "nav.docs": "接口文档",
  severity: { S1: "严重", S2: "重要", S3: "一般", S4: "提示" },
  all: "全部", department: "科室", state: "状态", grade: "等级", search: "搜索", severityLabel: "严重度", visit: "住院号", admitted: "入院", score: "评分", severe: "严重缺陷",
  open: "待处理", next: "下一时限", running: "在院", discharged: "已出院", none: "无", gradeOf: (grade) => `${grade}级`, noGrade: "未评",
  wardTitle: "工作台", wardCount: (shown, all) => (shown === all ? `${all} 份病历` : `${shown} / ${all} 份病历`), wardOrder: "按紧急程度排列", wardEmpty: "没有符合条件的病历",
  searchWard: "住院号、科室、时限任务", only: { defect: (code) => `缺陷 ${code}`, late: (task) => `逾期 ${task}` },
  today: "最近动态", reminders: "时限提醒", newFindings: "新发现", quiet: "暂无", live: "实时更新", away: "连接中断，正在重连", dueAt: (time) => `截止 ${time}`,
  items: (count) => `${count} 项`, escalated: "升级", digest: (count) => `${count} 项时限提醒`, more: (count) => `等 ${count} 项`,
  left: (text) => `还剩 ${text}`, over: (text) => `已超时 ${text}`, minutes: (n) => `${n} 分钟`, hours: (n) => `${n} 小时`, days: (n) => `${n} 天`, dueNow: "即将到期",
  failed: "未能读取数据", retry: "重试",
  findings: "缺陷", documents: "文书", duties: "时限", plain: "打印报告", spent: "用时", sex: { male: "男", female: "女" }, keysHint: "快捷键",
  toA: (count) => `整改以下 ${count} 项可达甲级`, isA: "已达甲级", noScore: "资料不足，未评分", veto: "单项否决", points: (n) => `−${n} 分`, clean: "已检查，未发现缺陷",
  manifest: (ran, skipped) => `已运行 ${ran} 条规则，因资料缺失跳过 ${skipped} 条`, document: "文书", shadow: "试运行", needed: "甲级必改",
  role: { this: "本处", against: "矛盾处", context: "相关" }, searched: "已查找而未见", suggestion: "建议", basis: "依据", data: "数据",
  accept: "采纳", dismiss: "忽略", notify: "下达整改通知", undo: "撤回", accepted: "已采纳", dismissed: "已忽略", inLedger: (number) => `台账 ${number}`,
  reasonTitle: "忽略的原因（按数字选择）", reasons: ["事实不符", "已在他处记录", "临床允许", "规则不适用本科", "重复", "严重度过高", "其他"], note: "说明", noteNeeded: "请写明理由", send: "提交", cancel: "取消", close: "关闭",
  demand: "整改要求", own: "记录自行发现的缺陷", ownTitle: "缺陷名称", ownQuote: "原文", ownCode: "缺陷编码（可不填）", titleNeeded: "请填写缺陷名称", selectFirst: "请先在一份文书内选中文字",
  notified: (number) => `已下达，台账 ${number}`, nothingSelected: "请先用 j / k 选择一条缺陷", done: (count, all) => `已处理 ${count} / ${all}`,
  keys: [["j / k", "下一条 / 上一条缺陷"], ["e", "在原文证据之间切换"], ["a", "采纳"], ["d，再按 1–7", "忽略并选择原因"], ["n", "下达整改通知"], ["u", "撤回采纳或忽略"], ["选中文字后 m", "记录自行发现的缺陷并下达"], ["Ctrl + Enter", "提交对话框"], ["?", "显示本帮助"]], keysTitle: "键盘操作",
  dutyState: { open: "进行中", overdue: "已超时", in_time: "按时完成", late: "超时完成" },
  ledgerTitle: "整改台账", number: "编号", defect: "编码", title: "缺陷", responsible: "责任医师", due: "整改时限", stage: "进度", stages: { open: "未完成", overdue: "已逾期" }, ledgerEmpty: "没有符合条件的条目", ledgerCount: (n) => `${n} 条`, xlsx: "导出 XLSX", csv: "导出 CSV", searchLedger: "编号、住院号、缺陷、责任医师",
  states: { notified: "已通知", acknowledged: "已确认", fixed: "已说明整改", appealed: "申诉中", rechecked: "复检消失", verified: "已复核", closed: "已销号", withdrawn: "已撤销", archived_open: "归档遗留" },
  actions: { notify: "下达通知", acknowledge: "签收", fix: "说明整改", appeal: "申诉", reject_appeal: "驳回申诉", accept_appeal: "采纳申诉", verify: "复核通过", return: "退回", close: "销号", withdraw: "撤销", recheck: "复检：已消失", recur: "复检：再次出现", archive: "归档" },
  history: "经过", final: "已结束，无需操作", evidence: "证据", openVisit: "打开病历", source: "来源", finished: "已结束", unknown: "未指定", by: (who) => ({ system: "系统", local: "本机用户" })[who] ?? who,
  figuresTitle: "统计", gradesTitle: "各科室病历等级", defectsTitle: "常见缺陷", timelinessTitle: "文书书写及时率", acceptanceTitle: "规则采纳率", table: "数据表", visits: "病历", count: "缺陷数", cumulative: "累计占比", task: "文书",
  inTime: "按时", late: "超时完成", overdue: "未完成且已超时", waiting: "未到期", rate: "及时率", rule: "规则", decisions: "已判断", acceptedCount: "已采纳", share: "采纳率", demoted: "已停用实时提示", noDecisions: "尚无采纳或忽略的记录", byLate: "按超时例数排列", defectsNote: "待处理缺陷前 20 位；曲线为累计占比", indicators: "质控指标 CSV", total: "合计", first: (n, all) => `前 ${n} 项，共 ${all} 项`,
};

const en = {
  "nav.ward": "Ward", "nav.ledger": "Ledger", "nav.figures": "Figures", "nav.docs": "API",
  severity: { S1: "Serious", S2: "Important", S3: "Minor", S4: "Hint" },
  all: "All", department: "Department", state: "State", grade: "Grade", search: "Search", severityLabel: "Severity", visit: "Visit", admitted: "Admitted", score: "Score", severe: "Serious",
  open: "Open", next: "Next due", running: "In hospital", discharged: "Discharged", none: "None", gradeOf: (grade) => ({ 甲: "A", 乙: "B", 丙: "C" })[grade] ?? grade, noGrade: "not graded",
  wardTitle: "Ward", wardCount: (shown, all) => (shown === all ? `${all} records` : `${shown} of ${all} records`), wardOrder: "most urgent first", wardEmpty: "No record matches",
  searchWard: "Visit, department, task", only: { defect: (code) => `Defect ${code}`, late: (task) => `Late: ${task}` },
  today: "Latest", reminders: "Reminders", newFindings: "New findings", quiet: "Nothing yet", live: "Live", away: "Connection lost, trying again", dueAt: (time) => `due ${time}`,
  items: (count) => `${count}`, escalated: "Escalated", digest: (count) => `${count} reminders`, more: (count) => `and more, ${count} in all`,
  left: (text) => `${text} left`, over: (text) => `${text} overdue`, minutes: (n) => `${n} min`, hours: (n) => `${n} h`, days: (n) => `${n} d`, dueNow: "due now",
  failed: "The data could not be read", retry: "Try again",
  findings: "Findings", documents: "Documents", duties: "Duties", plain: "Print report", spent: "Time", sex: { male: "male", female: "female" }, keysHint: "Keys",
  toA: (count) => `Repair these ${count} for grade A`, isA: "Grade A", noScore: "Not enough data for a score", veto: "Veto", points: (n) => `−${n}`, clean: "Checked, nothing found",
  manifest: (ran, skipped) => `${ran} rules ran, ${skipped} skipped for lack of data`, document: "Document", shadow: "On trial", needed: "needed for A",
  role: { this: "Here", against: "Contradicted by", context: "Related" }, searched: "Searched, not found", suggestion: "Suggestion", basis: "Basis", data: "Data",
  accept: "Accept", dismiss: "Dismiss", notify: "Issue notice", undo: "Undo", accepted: "Accepted", dismissed: "Dismissed", inLedger: (number) => `Ledger ${number}`,
  reasonTitle: "Reason (press its number)", reasons: ["Not factual", "Recorded elsewhere", "Clinically acceptable", "Rule does not fit this department", "Duplicate", "Severity too high", "Other"], note: "Note", noteNeeded: "Please give a reason", send: "Submit", cancel: "Cancel", close: "Close",
  demand: "What is to be done", own: "Record a finding of your own", ownTitle: "Title", ownQuote: "Words", ownCode: "Defect code (optional)", titleNeeded: "Please give a title", selectFirst: "Select words within one document first",
  notified: (number) => `Issued, ledger ${number}`, nothingSelected: "Choose a finding with j / k first", done: (count, all) => `${count} of ${all} dealt with`,
  keys: [["j / k", "next / previous finding"], ["e", "next evidence in the text"], ["a", "accept"], ["d, then 1–7", "dismiss with a reason"], ["n", "issue a notice"], ["u", "undo the verdict"], ["select words, then m", "record a finding of your own"], ["Ctrl + Enter", "submit a dialog"], ["?", "this help"]], keysTitle: "Keyboard",
  dutyState: { open: "open", overdue: "overdue", in_time: "in time", late: "late" },
  ledgerTitle: "Ledger", number: "Number", defect: "Code", title: "Defect", responsible: "Responsible", due: "Due", stage: "Progress", stages: { open: "Unfinished", overdue: "Overdue" }, ledgerEmpty: "No entry matches", ledgerCount: (n) => `${n} entries`, xlsx: "XLSX", csv: "CSV", searchLedger: "Number, visit, defect, person",
  states: { notified: "Notified", acknowledged: "Acknowledged", fixed: "Explained", appealed: "Appealed", rechecked: "Gone on re-check", verified: "Verified", closed: "Closed", withdrawn: "Withdrawn", archived_open: "Archived open" },
  actions: { notify: "Notice", acknowledge: "Acknowledge", fix: "Explain repair", appeal: "Appeal", reject_appeal: "Reject appeal", accept_appeal: "Accept appeal", verify: "Verify", return: "Return", close: "Close", withdraw: "Withdraw", recheck: "Re-check: gone", recur: "Re-check: back", archive: "Archive" },
  history: "History", final: "Finished, nothing to do", evidence: "Evidence", openVisit: "Open record", source: "Source", finished: "Finished", unknown: "not named", by: (who) => who,
  figuresTitle: "Figures", gradesTitle: "Grades by department", defectsTitle: "Frequent defects", timelinessTitle: "Timeliness by document", acceptanceTitle: "Acceptance by rule", table: "Table", visits: "Records", count: "Findings", cumulative: "Cumulative", task: "Document",
  inTime: "In time", late: "Late", overdue: "Overdue", waiting: "Not due", rate: "In time", rule: "Rule", decisions: "Judged", acceptedCount: "Accepted", share: "Share", demoted: "silent inline", noDecisions: "Nothing accepted or dismissed yet", byLate: "most late ones first", defectsNote: "The 20 most frequent open defects; the line is the cumulative share", indicators: "Indicators CSV", total: "Total", first: (n, all) => `first ${n} of ${all}`,
};

export const english = document.documentElement.lang === "en";
export const words = english ? en : zh;
/** What goes to the server is the same in every language. */
export const REASONS = zh.reasons;
