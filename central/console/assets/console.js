// Fetches the page again and replaces the parts that changed. Nobody who reads
// or selects in a part is disturbed: it waits until they are done.
(() => {
  const every = 2000;
  const live = document.getElementById("live");

  const busy = (part) => {
    const s = getSelection();
    return part.contains(document.activeElement) || (!s.isCollapsed && part.contains(s.anchorNode));
  };

  async function refresh() {
    const answer = await fetch("/", { headers: { Accept: "text/html" } });
    if (!answer.ok) throw new Error(answer.status);
    const fresh = new DOMParser().parseFromString(await answer.text(), "text/html");
    for (const part of document.querySelectorAll("[data-live]")) {
      const now = fresh.getElementById(part.id);
      if (now && !busy(part) && now.outerHTML !== part.outerHTML) part.replaceWith(document.adoptNode(now));
    }
  }

  async function run() {
    if (!document.hidden) {
      try {
        await refresh();
        live.classList.remove("lost");
      } catch {
        live.classList.add("lost");
      }
    }
    setTimeout(run, every);
  }
  setTimeout(run, every);
})();
