// Sets theme and size of text before the first paint. It knows nothing else.
try {
  var s = JSON.parse(localStorage.getItem("roomful.settings") || "{}");
  if (s.theme) document.documentElement.dataset.theme = s.theme;
  if (s.size) document.documentElement.dataset.size = s.size;
} catch (e) {}
