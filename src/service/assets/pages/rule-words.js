// What the page of rules says. Titles, reasons and messages of rules stay as they are.

import { english } from "/pages/words.js";

const zh = {
  title: "规则", count: (n) => `${n} 条`, search: "规则、编码、依据、提示语", empty: "没有符合条件的规则", choose: "从左侧选择一条规则，查看说明、例子，并用文字试验。", back: "返回列表",
  kind: "类型", status: "状态", phase: "时机", acceptance: "采纳", code: "编码", name: "规则",
  kinds: { required: "缺项", deadline: "时限", sequence: "顺序", pattern: "用语", conflict: "矛盾", agree: "一致", support: "依据支持", response: "处置响应", copy: "复制", range: "数值范围", judge: "语义判断", suspect: "错别字", expression: "条件式" },
  statuses: { stable: "正式", preview: "试运行", off: "未启用", retired: "停用" },
  phases: { inline: "书写中", running: "在院", terminal: "出院后" },
  why: "为何", fix: "建议", message: "提示语", basis: "依据", departments: "适用科室", notDepartments: "不适用科室", needs: "需要的数据", confidence: "把握", file: "文件", since: "自", version: (text) => `${text} 版`, also: "同一缺陷的其他编码",
  card: "验证与采纳", kept: ({ hit, pass, trap, skip }) => [`应命中 ${hit}`, `应放行 ${pass}`, `易误报 ${trap}`, skip ? `应跳过 ${skip}` : null].filter(Boolean).join("，"), cases: "例子", accepted: (accepted, decisions) => `${accepted} / ${decisions} 次被采纳`, neverJudged: "尚无人采纳或忽略", model: "语言模型", precision: "实测精确率", drill: "演练召回率",
  standing: "启用范围", house: "全院", place: "科室", placeHint: "不填为全院", reason: "理由", proposedBy: "提请人", decidedBy: "批准人", people: "经手", asFiled: "按规则文件", asFiledEverywhere: "各科室均按规则文件执行", switched: "有调整",
  change: "调整状态", changeHint: "由另一人批准后生效，在院病历随即重新判断。", propose: "提请", proposed: "已提请，待另一人批准", waits: "待批准", waitsForOther: "待另一人批准", release: "批准", releaseTitle: "批准调整？", releaseHint: "批准后立即生效。", withdraw: "撤回", refuse: "不批准", switchReleased: "已生效", switchWithdrawn: "已撤回",
  shadow: "试算", shadowHint: "按这条规则启用计算，看它会在库中病历上指出什么；不保存，不计分。", shadowFound: ({ visits, ran, hit, findings }) => `${visits} 份病历，可判断 ${ran} 份，其中 ${hit} 份命中，共 ${findings} 处。`, shadowMore: "符合条件的病历更多，只试算了前 2000 份。", shadowHit: "命中病历", shadowOf: "病历", shadowFirst: (n) => `只列出前 ${n} 处`,
  models: { ready: ({ examples, precision, f1 }) => `学习 ${examples} 例；未见过的例子中，提示的 ${precision.total} 例有 ${precision.hits} 例正确，F1 ${f1.toFixed(2)}`, silent: () => "把握不够，不提示", stale: () => "规则改动后尚未重新学习", absent: () => "没有使用" },
  try: "试一试", tryLabel: "粘贴病历文字", tryHint: "文书标题、段落名各占一行或以冒号引出，如“入院记录”“主诉：……”。只判断这一条规则，不保存。", run: "判断", running: "判断中",
  outcomes: { ran: "未命中", skipped: "已跳过", not_applicable: "不适用于这段文字", failed: "规则运行出错", off: "此规则未启用，不作判断" }, found: (n) => `命中 ${n} 处`, unplaced: "文中没有可标出的位置", also_here: "对照",
  expect: { hit: "应命中", pass: "应放行", skip: "应跳过" }, trap: "易误报", tryCase: "试这个例子", data: "数据", earlier: "既往住院", at: (time) => `判断时刻 ${time}`, check: "判断参数", example: (n) => `例 ${n}`,
};

const en = {
  title: "Rules", count: (n) => `${n} rules`, search: "Rule, code, basis, message", empty: "No rule matches", choose: "Choose a rule from the list to read it with its cases, and to try it on a text.", back: "Back to the list",
  kind: "Kind", status: "State", phase: "Phase", acceptance: "Accepted", code: "Code", name: "Rule",
  kinds: { required: "required", deadline: "deadline", sequence: "sequence", pattern: "pattern", conflict: "conflict", agree: "agree", support: "support", response: "response", copy: "copy", range: "range", judge: "judge", suspect: "suspect", expression: "expression" },
  statuses: { stable: "stable", preview: "on trial", off: "off", retired: "retired" },
  phases: { inline: "while writing", running: "in hospital", terminal: "after discharge" },
  why: "Why", fix: "Suggestion", message: "Message", basis: "Basis", departments: "Departments", notDepartments: "Not for", needs: "Data needed", confidence: "Certainty", file: "File", since: "Since", version: (text) => text, also: "Other codes of it",
  card: "Proof and acceptance", kept: ({ hit, pass, trap, skip }) => [`${hit} hit`, `${pass} pass`, `${trap} trap`, skip ? `${skip} skip` : null].filter(Boolean).join(", "), cases: "Cases", accepted: (accepted, decisions) => `accepted ${accepted} of ${decisions} times`, neverJudged: "Nobody has judged it yet", model: "Language model", precision: "Measured precision", drill: "Drill recall",
  standing: "Where it holds", house: "Whole hospital", place: "Department", placeHint: "Empty: the whole hospital", reason: "Reason", proposedBy: "Proposed by", decidedBy: "Approved by", people: "By", asFiled: "as its file says", asFiledEverywhere: "Every department follows the rule's file", switched: "changed",
  change: "Change status", changeHint: "It takes effect when another person approves; patients in the house are judged again.", propose: "Propose", proposed: "Proposed; another person has to approve", waits: "waits for approval", waitsForOther: "waits for another person", release: "Approve", releaseTitle: "Approve the change?", releaseHint: "It takes effect at once.", withdraw: "Withdraw", refuse: "Refuse", switchReleased: "In force", switchWithdrawn: "Withdrawn",
  shadow: "Shadow run", shadowHint: "What the rule would find in the visits that are kept if it were in use. Nothing is saved or scored.", shadowFound: ({ visits, ran, hit, findings }) => `${visits} visits, ${ran} that it can judge, ${hit} with findings, ${findings} findings in all.`, shadowMore: "There are more such visits; the first 2,000 were tried.", shadowHit: "With findings", shadowOf: "Visits", shadowFirst: (n) => `The first ${n} are listed`,
  models: { ready: ({ examples, precision, f1 }) => `learnt ${examples} cases; of those it had not seen, ${precision.hits} of ${precision.total} flags were right, F1 ${f1.toFixed(2)}`, silent: () => "not sure enough, silent", stale: () => "not learnt again since the rule changed", absent: () => "not in use" },
  try: "Try it", tryLabel: "Paste text of a record", tryHint: "Titles of documents on a line of their own, headings of sections too or before a colon. Only this rule judges; nothing is kept.", run: "Judge", running: "Judging",
  outcomes: { ran: "No hit", skipped: "Skipped", not_applicable: "Does not concern this text", failed: "The rule failed", off: "This rule is off and judges nothing" }, found: (n) => `${n} hits`, unplaced: "no place in the text", also_here: "set against",
  expect: { hit: "hit", pass: "pass", skip: "skip" }, trap: "trap", tryCase: "Try this case", data: "Data", earlier: "Earlier stay", at: (time) => `judged at ${time}`, check: "Parameters", example: (n) => `Case ${n}`,
};

export const ruleWords = english ? en : zh;
