// Before the first paint: the theme and the language that this browser was set to.
(() => {
  const kept = (key) => {
    try {
      return localStorage.getItem(key);
    } catch {
      return null;
    }
  };
  const root = document.documentElement;
  const theme = kept("bingli:theme");
  if (theme === "dark" || theme === "light") root.dataset.theme = theme;
  if (kept("bingli:language") === "en") root.lang = "en";
})();
