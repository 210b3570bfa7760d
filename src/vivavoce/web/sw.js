// Keeps the page's own files, so that it opens at once and without a network. What the server says is never kept.
const KEPT = "vivavoce-" + "dee2360fffcd";
const SHELL = ["icon.svg","./","manifest.webmanifest","static/figtree-latin-wght-normal-D_ZTVpCC.woff2","static/index-B0oyPleR.js","static/index-DMLj6gtg.css"];

self.addEventListener("install", (event) => {
  event.waitUntil(caches.open(KEPT).then((cache) => cache.addAll(SHELL)).then(() => self.skipWaiting()));
});

self.addEventListener("activate", (event) => {
  const old = (names) => names.filter((name) => name.startsWith("vivavoce-") && name !== KEPT);
  event.waitUntil(caches.keys().then((names) => Promise.all(old(names).map((name) => caches.delete(name)))).then(() => self.clients.claim()));
});

self.addEventListener("fetch", (event) => {
  const { request } = event;
  const url = new URL(request.url);
  const scope = new URL(self.registration.scope);
  if (request.method !== "GET" || url.origin !== scope.origin || !url.pathname.startsWith(scope.pathname)) return;
  const path = url.pathname.slice(scope.pathname.length);
  if (path.startsWith("static/")) event.respondWith(kept(request));
  else if (SHELL.includes(path === "" ? "./" : path)) event.respondWith(fresh(request));
});

/** A reminder leads to the page that told it. */
self.addEventListener("notificationclick", (event) => {
  event.notification.close();
  const shown = (pages) => (pages.length === 0 ? self.clients.openWindow("./") : pages[0].focus());
  event.waitUntil(self.clients.matchAll({ type: "window" }).then(shown));
});

/** The page itself, and what lies beside it: the newest, or what is kept when the server cannot be reached. */
async function fresh(request) {
  try {
    return await fetch(request);
  } catch {
    return (await match(request)) ?? Response.error();
  }
}

/** Files in static/ carry a digest in their names: what was fetched once is right for ever. */
async function kept(request) {
  const known = await match(request);
  if (known !== undefined) return known;
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(KEPT)).put(request, answer.clone());
  return answer;
}

/** The server's answers vary by origin, and all of these are asked for by this one. */
function match(request) {
  return caches.match(request, { ignoreVary: true, ignoreSearch: request.mode === "navigate" });
}
