// The bar of every page: theme and language, kept in this browser; and the watermark of pages with words of records.

import { english, words } from "/pages/words.js";

const keep = (key, value) => {
  try {
    localStorage.setItem(key, value);
  } catch {
    // Holds for this page then.
  }
};

for (const link of document.querySelectorAll("[data-word]")) link.textContent = words[link.dataset.word];
const language = document.getElementById("language");
language.textContent = english ? "中文" : "English";
language.lang = english ? "zh-CN" : "en";
language.addEventListener("click", () => {
  keep("bingli:language", english ? "zh" : "en");
  location.reload();
});
const root = document.documentElement;
const theme = document.getElementById("theme");
const isDark = () => (root.dataset.theme ?? (matchMedia("(prefers-color-scheme: dark)").matches ? "dark" : "light")) === "dark";
const label = () => (theme.textContent = english ? (isDark() ? "Light" : "Dark") : isDark() ? "浅色" : "深色");
label();
theme.addEventListener("click", () => {
  root.dataset.theme = isDark() ? "light" : "dark";
  keep("bingli:theme", root.dataset.theme);
  label();
});

/** Who looks at it and when, faintly over the whole page and in its dialogs, on every printed sheet too; in nobody's way. */
function watermark(text) {
  const escaped = text.replace(/[<>&]/g, (sign) => `&#${sign.codePointAt(0)};`);
  const picture = `<svg xmlns="http://www.w3.org/2000/svg" width="300" height="170"><text x="12" y="140" transform="rotate(-20 12 140)" font-family="sans-serif" font-size="15" fill="#808080" fill-opacity=".18">${escaped}</text></svg>`;
  root.style.setProperty("--watermark", `url("data:image/svg+xml,${encodeURIComponent(picture)}")`);
  const cover = document.createElement("div");
  cover.className = "watermark";
  cover.setAttribute("aria-hidden", "true");
  document.body.append(cover);
}
if (document.body.dataset.mark) watermark(document.body.dataset.mark);
