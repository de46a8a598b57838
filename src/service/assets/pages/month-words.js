// What the monthly report says.

import { english } from "/pages/words.js";

const zh = {
  title: "病历质量月报", month: "月份", whole: "全院", print: "打印", xlsx: "指标 XLSX", xlsxByDepartment: "分科指标 XLSX", ledgerXlsx: "台账 XLSX", back: "返回统计",
  heading: (year, month) => `病历质量月报（${year} 年 ${month} 月）`, basis: "按出院日期统计", made: (day) => `制表 ${day}`, none: "本月没有数据", noVetoes: "本月没有单项否决",
  discharges: "出院病历", notGraded: (n) => `其中 ${n} 份未评`, rateA: "甲级率", change: (points) => (Math.abs(points) < 0.05 ? "与上月持平" : `较上月${points > 0 ? "上升" : "下降"} ${Math.abs(points).toFixed(1)} 个百分点`), noBefore: "上月无数据", vetoKinds: "单项否决", kinds: "种",
  byDepartment: "各科室病历等级", vetoes: "单项否决分析", atBest: "最高可评", shareOf: "占出院病历", defects: (n) => `常见缺陷（前 ${n} 位）`, timeliness: "文书书写及时率", critical: "危急值闭环", count: "例数", closed: "已闭环", stepInTime: (step) => `${step}及时`,
  indicators: "质控指标", code: "编码", indicator: "指标", value: "数值", counts: "分子/分母", interval: "95% 区间", missing: "资料缺失", without: (n) => `另有 ${n} 项指标本月无数据或须人工填报，未列出。`,
  note: "缺陷为制表时仍待处理者，已忽略的不计；等级为系统评分结果。占比的分母为本月出院病历。",
};

const en = {
  title: "Monthly report", month: "Month", whole: "Whole house", print: "Print", xlsx: "Indicators XLSX", xlsxByDepartment: "By department XLSX", ledgerXlsx: "Ledger XLSX", back: "Back to figures",
  heading: (year, month) => `Quality of records, ${year}-${String(month).padStart(2, "0")}`, basis: "by day of discharge", made: (day) => `made ${day}`, none: "Nothing this month", noVetoes: "No veto this month",
  discharges: "Discharged", notGraded: (n) => `${n} not graded`, rateA: "Grade A", change: (points) => (Math.abs(points) < 0.05 ? "as the month before" : `${Math.abs(points).toFixed(1)} points ${points > 0 ? "above" : "below"} the month before`), noBefore: "nothing the month before", vetoKinds: "Vetoes", kinds: "kinds",
  byDepartment: "Grades by department", vetoes: "Vetoes", atBest: "At best", shareOf: "Of records", defects: (n) => `Frequent defects (first ${n})`, timeliness: "Timeliness by document", critical: "Critical values", count: "Number", closed: "Closed", stepInTime: (step) => `${step} in time`,
  indicators: "Indicators", code: "Code", indicator: "Indicator", value: "Value", counts: "Counts", interval: "95% interval", missing: "Not documented", without: (n) => `${n} more have no data this month or are counted by hand.`,
  note: "Defects are those open when this was made, without dismissed ones; grades are the program's. Shares are of this month's discharges.",
};

export const monthWords = english ? en : zh;
