// What the page of administration says. Names, roles' keys and actions of the audit trail stay as they are.

import { english } from "/pages/words.js";

const zh = {
  title: "管理", tabs: { accounts: "账号", tokens: "令牌", webhooks: "推送", settings: "设置", audit: "审计记录" }, none: "没有",
  name: "名称", role: "角色", department: "科室", allDepartments: "全院", person: "人员编号", created: "创建（UTC）", seen: "最近使用（UTC）", state: "状态", inForce: "有效", disabled: "已停用", revoked: "已吊销", deeds: "操作",
  roles: { emr: "电子病历系统", physician: "医师", department_qc: "科室质控医师", reviewer: "质控科", expert: "质控专家", records_office: "病案室", administrator: "管理员" },
  addAccount: "新建账号", password: "密码", newPassword: "新密码", passwordHint: "8 个以上字符，不包含用户名", departmentHint: "不填为全院", personHint: "病历系统中的人员编号，可不填", save: "保存", cancel: "取消", add: "新建",
  change: "更改", changeTitle: (name) => `更改账号 ${name}`, changeHint: "更改后该账号须重新登录。", reset: "重置密码", resetTitle: (name) => `重置 ${name} 的密码`, disable: "停用", disableTitle: (name) => `停用账号 ${name}？`, disableHint: "立即结束其登录；名称保留在审计记录中，不能再用。", you: "本人",
  addToken: "新建令牌", shownOnce: "令牌只显示这一次，请立即保存：", copy: "复制", copied: "已复制", done: "已保存，关闭", revoke: "吊销", revokeTitle: (name) => `吊销令牌 ${name}？`, revokeHint: "使用它的系统将立即无法访问。",
  setting: "设置", file: "文件", edit: "编辑", view: "查看", close: "关闭", settingsAtOnce: "保存前以全部规则及其例子检验；保存后立即生效，在院病历随即重新判断。", settingsByTwo: "保存前以全部规则及其例子检验；保存后须在质控办提请发布，由第二人批准后生效。", settingsFixed: "规则随程序内置，只能查看；以 --rules 指定文件夹启动后可以更改。", settingInUse: "已保存并生效", settingWaits: "已保存，待提请发布",
  addWebhook: "新增推送", address: "地址", format: "格式", formats: { json: "签名 JSON", wecom: "企业微信群机器人", dingtalk: "钉钉群机器人" }, topics: "消息", allTopics: "全部消息", topicsHint: "消息（不选为全部）", secret: "密钥", secretHint: "用于签名；企业微信不需要", behind: "待投递", failures: (n, at) => `连续失败 ${n} 次，${at} 再试`, remove: "删除", removeTitle: (id) => `删除推送 ${id}？`, removeHint: "尚未投递的消息不再投递。", webhookHint: "自新增起的消息按顺序推送。密钥与机器人地址中的参数不再显示。",
  topicNames: { "finding.new": "新缺陷", "finding.gone": "缺陷消失", "visit.judged": "病历已检查", reminder: "时限提醒", digest: "提醒汇总", ledger: "台账", escalation: "升级", "rule.demoted": "规则停用提示" },
  actor: "何人", action: "何事", actionHint: "如 visit.read，或 visit 表示其下全部", target: "对象", at: "时间", visit: "住院号", from: "自", to: "至", more: "更早的记录", seq: "序号", auditEmpty: "没有符合条件的记录", verify: "核验完整性", verifying: "核验中", whole: (lines) => `审计记录 ${lines} 条，链条完整`, broken: (seq) => `审计记录自第 ${seq} 条起不完整，可能被改动`, who: { system: "系统", cli: "命令行", local: "本机用户", unknown: "未知" },
};

const en = {
  title: "Administration", tabs: { accounts: "Accounts", tokens: "Tokens", webhooks: "Webhooks", settings: "Settings", audit: "Audit trail" }, none: "None",
  name: "Name", role: "Role", department: "Department", allDepartments: "whole house", person: "Staff id", created: "Created (UTC)", seen: "Last used (UTC)", state: "State", inForce: "in force", disabled: "disabled", revoked: "revoked", deeds: "Actions",
  roles: { emr: "EMR system", physician: "Physician", department_qc: "Department QC", reviewer: "Quality office", expert: "Expert", records_office: "Records office", administrator: "Administrator" },
  addAccount: "New account", password: "Password", newPassword: "New password", passwordHint: "8 characters or more, without the name", departmentHint: "empty: the whole house", personHint: "id in the EMR's staff list, optional", save: "Save", cancel: "Cancel", add: "Create",
  change: "Change", changeTitle: (name) => `Change account ${name}`, changeHint: "The account has to log in again.", reset: "Reset password", resetTitle: (name) => `New password for ${name}`, disable: "Disable", disableTitle: (name) => `Disable account ${name}?`, disableHint: "Ends its sessions at once; the name stays taken.", you: "you",
  addToken: "New token", shownOnce: "This token is shown only now. Keep it at once:", copy: "Copy", copied: "Copied", done: "Kept, close", revoke: "Revoke", revokeTitle: (name) => `Revoke token ${name}?`, revokeHint: "Whatever uses it is shut out at once.",
  setting: "Setting", file: "File", edit: "Edit", view: "View", close: "Close", settingsAtOnce: "A file is tried with all rules and their cases before it is saved; then it is in use at once.", settingsByTwo: "A file is tried with all rules and their cases before it is saved; it comes into use when a second person releases it in the QC office.", settingsFixed: "The rules came with the program and can only be read; start with --rules to change them.", settingInUse: "Saved and in use", settingWaits: "Saved; it waits to be released",
  addWebhook: "New webhook", address: "Address", format: "Format", formats: { json: "signed JSON", wecom: "WeCom robot", dingtalk: "DingTalk robot" }, topics: "Topics", allTopics: "all topics", topicsHint: "Topics (none: all)", secret: "Secret", secretHint: "signs messages; not for WeCom", behind: "Behind", failures: (n, at) => `failed ${n} times, again at ${at}`, remove: "Remove", removeTitle: (id) => `Remove webhook ${id}?`, removeHint: "What it was not told yet it is never told.", webhookHint: "Messages from now on, in order. Secrets and a robot's key are not shown again.",
  topicNames: { "finding.new": "new finding", "finding.gone": "finding gone", "visit.judged": "record judged", reminder: "reminder", digest: "digest", ledger: "ledger", escalation: "escalation", "rule.demoted": "rule silenced" },
  actor: "Who", action: "What", actionHint: "such as visit.read, or visit for all below it", target: "Target", at: "When", visit: "Visit", from: "From", to: "To", more: "Earlier lines", seq: "No.", auditEmpty: "No line matches", verify: "Verify", verifying: "Verifying", whole: (lines) => `${lines} lines, the chain is whole`, broken: (seq) => `The trail does not hold from line ${seq} on`, who: {},
};

export const adminWords = english ? en : zh;
