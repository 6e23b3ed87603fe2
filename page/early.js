// @ts-check
// Sets theme and size of text before the first paint, and tells browsers that are too old. It knows nothing else.
var root = document.documentElement;
try {
  var kept = JSON.parse(localStorage.getItem("roomful.settings") || "{}");
  if (kept.theme) root.dataset.theme = kept.theme;
  if (kept.size) root.dataset.size = kept.size;
} catch (e) {}
if (!root.showPopover || !CSS.supports("color", "light-dark(#000, #fff)")) root.dataset.old = "";
