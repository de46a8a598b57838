// What an EMR vendor writes. The patient is invented; nothing of this page is stored.
import { attach } from "/bingli.js";

const field = (id) => document.getElementById(id);
const panel = field("panel");

/** The visit as this page has it now. */
const visit = () => ({
  schema: "bingli.visit/1",
  visit_id: "ZY-EXAMPLE-1",
  as_of: "2026-06-03T12:00:00+08:00",
  patient: { name: "戴某某", sex: "male", birth_date: "1955-01-09", age_text: "71岁" },
  admission: { admitted_at: "2026-06-02T09:00:00+08:00", department: "普通外科" },
  documents: [
    {
      id: "doc-01", kind: "admission_note", title: "入院记录", event_at: "2026-06-02T10:10:00+08:00",
      sections: [
        { name: "主诉", text: field("complaint").value },
        { name: "现病史", text: field("history").value },
        { name: "既往史", text: "平素体健，对青霉素过敏，否认高血压、糖尿病史，否认肝炎、结核等传染病史，否认手术、外伤及输血史，预防接种史不详。" },
      ],
    },
    { id: "doc-02", kind: "daily_course", title: "日常病程记录", event_at: "2026-06-03T09:00:00+08:00", text: field("course").innerText },
  ],
});

const language = new URLSearchParams(location.search).get("language") ?? "zh";
let waiting = null;
const onEvent = (event) => {
  if (event.type !== "status" || event.status === "unchecked" || event.status === "checking") return;
  clearTimeout(waiting);
  waiting = setTimeout(() => panel.refresh(), 400);
};
const common = { server: "", visit, language, onEvent };
const handles = {
  complaint: attach(field("complaint"), { ...common, document: "doc-01", section: "主诉" }),
  history: attach(field("history"), { ...common, document: "doc-01", section: "现病史" }),
  course: attach(field("course"), { ...common, document: "doc-02" }),
};

panel.setAttribute("server", "");
panel.setAttribute("language", language);
panel.visit = visit;
// An EMR would open the document at these words; here they stand in one of the editors.
const editors = { "doc-01 主诉": "complaint", "doc-01 现病史": "history", "doc-02": "course" };
panel.addEventListener("bingli-accept", ({ detail }) => goTo(detail.target));
panel.addEventListener("bingli-jump", ({ detail }) => goTo(detail.target));
function goTo(target) {
  const id = target && editors[[target.document, target.section].filter(Boolean).join(" ")];
  if (id) field(id).focus();
}

field("theme").addEventListener("click", () => {
  const dark = document.documentElement.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light");
  document.documentElement.dataset.theme = dark === "dark" ? "light" : "dark";
});

export { handles };
