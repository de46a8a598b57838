// What the desk says of a review that was given to somebody.

import { english } from "/pages/words.js";

const zh = {
  title: "评审任务", slots: { first: "初评", second: "复评", arbiter: "仲裁" }, total: "本人评分", grade: "本人评级", submit: "提交评审", submitted: "评审已提交", submittedAt: (at) => `已提交 ${at}`, back: "返回评审任务",
  addedTitle: "补充的缺陷", noneAdded: "选中文字后按 m 补充系统漏检的缺陷；不选文字按 m 为缺少的内容。", addTitle: "补充漏检的缺陷", code: "缺陷编码", codeHint: "缺陷目录中的编码，如 C-H01、T12", missing: "缺少的内容", missingHint: "未选中文字：记为缺少的文书或内容。", remove: "移除",
  saidTitle: "两位评审的意见", reviewer: (n) => `评审人 ${n}`, points: (total) => `${total} 分`, addedBy: (defects) => `补充 ${defects.join("、")}`, notAccepted: "不采纳", dismiss: "不采纳", dismissed: "不采纳", reasonTitle: "不采纳的原因（按数字选择）",
  program: "系统评分", keys: [["j / k", "下一条 / 上一条缺陷"], ["e", "在原文证据之间切换"], ["a", "采纳"], ["d，再按 1–7", "不采纳并选择原因"], ["u", "撤回判断"], ["m", "补充漏检的缺陷"], ["s", "填写评分与评级，Enter 提交评审"], ["?", "显示本帮助"]],
};

const en = {
  title: "Review", slots: { first: "first", second: "second", arbiter: "arbiter" }, total: "Your score", grade: "Your grade", submit: "Submit", submitted: "Submitted", submittedAt: (at) => `submitted ${at}`, back: "My reviews",
  addedTitle: "Added findings", noneAdded: "Select words and press m for what the program missed; m without words for what is not there.", addTitle: "Add a missed finding", code: "Defect code", codeHint: "of the catalogue, such as C-H01 or T12", missing: "not there", missingHint: "No words are selected: something is not there.", remove: "Remove",
  saidTitle: "What the two reviewers said", reviewer: (n) => `Reviewer ${n}`, points: (total) => `${total}`, addedBy: (defects) => `added ${defects.join(", ")}`, notAccepted: "not accepted", dismiss: "Reject", dismissed: "Rejected", reasonTitle: "Reason (press its number)",
  program: "Program", keys: [["j / k", "next / previous finding"], ["e", "next evidence in the text"], ["a", "accept"], ["d, then 1–7", "not accepted, with a reason"], ["u", "undo the verdict"], ["m", "add a missed finding"], ["s", "score and grade; Enter submits"], ["?", "this help"]],
};

export const taskWords = english ? en : zh;
