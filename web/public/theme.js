// Before the first paint: the theme and language that this browser was set to. A file of its own, for the page allows no inline script.
(function () {
  try {
    var theme = localStorage.getItem("sapa.theme");
    if (theme === "light" || theme === "dark") document.documentElement.dataset.theme = theme;
    var language = localStorage.getItem("sapa.language");
    document.documentElement.lang = language === "en" || language === "en-XA" ? "en" : "id";
  } catch {
    /* no storage: as the system has it */
  }
})();
