// Without this the page still works: browsers open a <details> that holds the target of a link.
"use strict";
const show = hash => {
  const target = document.getElementById(hash.slice(1));
  const details = target?.closest("details");
  if (!details) return;
  details.open = true;
  target.scrollIntoView();
  details.querySelector("summary").focus({preventScroll: true});
};
addEventListener("hashchange", () => show(location.hash));
document.addEventListener("click", event => {
  const link = event.target.closest("a[href^='#']");
  if (link && link.hash === location.hash) show(link.hash); // the same cell again: no hash changes
});
addEventListener("beforeprint", () => {
  for (const details of document.querySelectorAll("details")) details.open = true;
});
show(location.hash);
