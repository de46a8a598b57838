// Every word that the widget itself says, in Chinese and English. Titles, messages and suggestions come from the rules as they are.

const zh = {
  severity: { S1: "严重", S2: "重要", S3: "一般", S4: "提示" },
  status: {
    unchecked: "未检查",
    checking: "检查中",
    clean: "已检查，未发现问题",
    unavailable: "服务不可用",
  },
  found: (count) => `${count} 条待核对`,
  more: (count) => `另有 ${count} 条`,
  list: "病历质控提示",
  nothing: { unchecked: "书写后自动检查。", checking: "正在检查。", clean: "已检查，未发现问题。", unavailable: "暂时连不上检查服务，书写不受影响；恢复后自动检查。", hidden: "其余提示已处理。" },
  refused: "检查服务拒绝了请求，请联系信息科核对接入凭证。",
  against: "与之矛盾",
  context: "相关记录",
  here: "原文",
  also: "同一问题的其他位置",
  data: "结构化数据",
  jump: "查看原文",
  suggestion: "建议",
  basis: "依据",
  sure: "把握",
  certainty: (share) => (share >= 0.9 ? "高" : share >= 0.7 ? "中" : "低，请人工判断"),
  foundBy: { rule: "规则判定", model: "模型判定，待人工确认", both: "规则与模型一致" },
  accept: "采纳",
  ignore: "忽略",
  later: "稍后",
  appeal: "申诉",
  reason: "忽略的原因",
  reasons: ["事实不符", "已在他处记录", "临床允许", "规则不适用本科", "重复", "严重度过高", "其他说明"],
  note: "说明",
  noteNeeded: "请写明理由",
  appealNote: "申诉理由",
  send: "提交",
  cancel: "取消",
  close: "关闭",
  kept: "。已记在本机，服务恢复后送达。",
  local: { dismiss: "。已记在本机。", appeal: "。服务未受理，仅记在本机，请告知质控人员。" },
  done: { dismiss: "已忽略", appeal: "已记录申诉", later: "稍后再看" },
  panel: "病历质控",
  refresh: "重新检查",
  whole: "整份病历",
  checkedAt: (time) => `检查于 ${time}`,
  help: "Alt+F8 下一条提示",
};

const en = {
  severity: { S1: "Serious", S2: "Important", S3: "Minor", S4: "Hint" },
  status: { unchecked: "Not checked", checking: "Checking", clean: "Checked, nothing found", unavailable: "Service unavailable" },
  found: (count) => `${count} to review`,
  more: (count) => `${count} more`,
  list: "Record quality findings",
  nothing: { unchecked: "Checked automatically as you write.", checking: "Checking now.", clean: "Checked, nothing found.", unavailable: "The checking service cannot be reached. Writing is not affected; checks resume by themselves.", hidden: "All findings have been dealt with." },
  refused: "The checking service refused the request. Ask your IT department to verify the token.",
  against: "Contradicted by",
  context: "Related record",
  here: "In the record",
  also: "Also found here",
  data: "Structured data",
  jump: "Show in record",
  suggestion: "Suggestion",
  basis: "Basis",
  sure: "Certainty",
  certainty: (share) => (share >= 0.9 ? "high" : share >= 0.7 ? "medium" : "low, needs judgement"),
  foundBy: { rule: "by rule", model: "by model, to be confirmed", both: "by rule and model" },
  accept: "Accept",
  ignore: "Ignore",
  later: "Later",
  appeal: "Appeal",
  reason: "Reason for ignoring",
  reasons: ["Not factual", "Recorded elsewhere", "Clinically acceptable", "Rule does not fit this department", "Duplicate", "Severity too high", "Other"],
  note: "Note",
  noteNeeded: "Please give a reason",
  appealNote: "Grounds of the appeal",
  send: "Submit",
  cancel: "Cancel",
  close: "Close",
  kept: ". Kept in this browser; sent when the service is back.",
  local: { dismiss: ". Kept in this browser.", appeal: ". The service did not take it; kept in this browser only, please tell the quality office." },
  done: { dismiss: "Ignored", appeal: "Appeal recorded", later: "Put off" },
  panel: "Record quality",
  refresh: "Check again",
  whole: "Whole record",
  checkedAt: (time) => `Checked at ${time}`,
  help: "Alt+F8 next finding",
};

/** The language asked for, else the element's or page's own, else Chinese. */
export function wordsFor(language, element) {
  const asked = language || element?.closest?.("[lang]")?.getAttribute("lang") || "zh";
  return asked.toLowerCase().startsWith("en") ? { ...en, lang: "en" } : { ...zh, lang: "zh-CN" };
}

/** What goes to the server is the same in every language. */
export const REASONS = [...zh.reasons.slice(0, -1), "其他"];

const STANDARDS = {
  BW2010: "《病历书写基本规范》",
  HX2018: "《医疗质量安全核心制度要点》",
  GL2013: "《医疗机构病历管理规定》",
  ZB2021: "《病案管理质量控制指标》",
  SY2016: "《住院病案首页数据填写质量规范》",
  SY2011: "《住院病案首页填写说明》",
  KJ2012: "《抗菌药物临床应用管理办法》",
  YX2012: "《医疗机构临床用血管理办法》",
  JF2018: "《医疗纠纷预防和处理条例》",
  MFD: "《民法典》",
};
const BARE = { local: "本院规定", safety: "医疗安全要求" };
const DIGITS = "〇一二三四五六七八九十";

function numeral(number) {
  if (number <= 10) return DIGITS[number];
  const [tens, ones] = [Math.floor(number / 10), number % 10];
  return (tens > 1 ? DIGITS[tens] : "") + "十" + (ones ? DIGITS[ones] : "");
}

/** `BW2010-18(6)` as a physician reads it: 《病历书写基本规范》第十八条（六）. A key that is not known stays as it is. */
export function basisText(key) {
  const [, code, article, item] = /^([A-Za-z]+\d*)(?:-(\d{1,2}))?(?:\((\d{1,2})\))?$/.exec(key) ?? [];
  if (!code) return key;
  if (BARE[code]) return BARE[code];
  if (!STANDARDS[code]) return key;
  if (!article) return STANDARDS[code];
  const number = numeral(Number(article));
  if (code === "ZB2021") return `${STANDARDS[code]}指标${number}`;
  if (code === "HX2018") return `${STANDARDS[code]}第${number}项`;
  return `${STANDARDS[code]}第${number}条${item ? `（${numeral(Number(item))}）` : ""}`;
}

/** `2026-03-03T09:00:00+08:00` as it stands in a record: the hospital's own local time, never the browser's zone. */
export function timeText(time) {
  const [, date, clock] = /^(\d{4}-\d{2}-\d{2})(?:[T ](\d{2}:\d{2}))?/.exec(time ?? "") ?? [];
  return date ? (clock ? `${date} ${clock}` : date) : "";
}
