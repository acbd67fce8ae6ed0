// Keeps what a visit has fetched, so that the next fetches next to nothing and needs no network. What is kept is that of one build of the site.

const KEPT = `signal-propagation-${location.search.slice(1)}`;
// files that another version has other names for, or that belong to this build
const LASTING = /\.whl$|@\d+\.\d+\.\d+\/|\/v\d+\.\d+\.\d+\/|\/(stlite|pyodide)\//;
const isLasting = ({ pathname, search }) => LASTING.test(pathname) || /^\?[0-9a-f]{12}$/.test(search);

async function fetched(request) {
  const answer = await fetch(request);
  if (answer.ok) (await caches.open(KEPT)).put(request, answer.clone());
  return answer;
}

const kept = async (request) => (await caches.open(KEPT)).match(request, { ignoreSearch: request.mode === "navigate" });

/** A page by name, as in /explorer/phase?depth=20, which no file is behind: see 404.html. */
function byParameter(address) {
  const home = new URL(registration.scope);
  const name = address.pathname.startsWith(home.pathname) && address.pathname.slice(home.pathname.length);
  if (!/^[a-z]+$/.test(name)) return null;
  address.pathname = home.pathname;
  address.searchParams.set("page", name);
  return Response.redirect(address);
}

async function answer(request) {
  const led = request.mode === "navigate" && byParameter(new URL(request.url));
  if (led) return led;
  if (isLasting(new URL(request.url))) return (await kept(request)) ?? fetched(request);
  try {
    return await fetched(request);
  } catch (error) {
    const before = await kept(request);
    if (before) return before;
    throw error;
  }
}

addEventListener("install", () => skipWaiting());
addEventListener("activate", (event) => {
  const forget = async () => {
    for (const name of await caches.keys()) if (name.startsWith("signal-propagation-") && name !== KEPT) await caches.delete(name);
    await clients.claim();
  };
  event.waitUntil(forget());
});
addEventListener("fetch", (event) => {
  if (event.request.method === "GET" && event.request.url.startsWith("http")) event.respondWith(answer(event.request));
});
// what came before this worker did
addEventListener("message", (event) => {
  const add = async (address) => {
    if (!(await kept(new Request(address)))) await fetched(new Request(address));
  };
  const missed = event.data.filter((address) => isLasting(new URL(address)));
  event.waitUntil(Promise.allSettled([registration.scope, ...missed].map(add)));
});
