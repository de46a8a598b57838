// The bar of every page: theme and language, kept in this browser.

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
