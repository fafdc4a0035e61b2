// Runs before the first paint, so that the page never flashes in the wrong theme.
try {
  var theme = JSON.parse(localStorage.getItem('heddle.preferences') || '{}').theme;
  if (theme && theme !== 'system') document.documentElement.dataset.theme = theme;
} catch {
  // Storage may be blocked; the system's theme is used then.
}
