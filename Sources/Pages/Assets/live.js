"use strict";
// Follows the server's events. A page with short-lived content is fetched again and replaced in place; other pages announce that
// there are newer results, and stay as they are.
(() => {
    const root = document.currentScript.dataset.root, status = document.getElementById("live");
    const replaces = document.getElementById("main").dataset.live === "replace";
    const isQueue = /(^|\/)queue\.html$/.test(location.pathname);
    let results = 0, generation = null, busy = false, again = false;

    function say(text, href) {
        status.textContent = "";
        if (!href) { status.append(text); return; }
        const link = document.createElement("a");
        link.href = href;
        link.textContent = text;
        status.append(link);
    }

    // Replaces the content of the page with the current content, unless the reader has the focus in it.
    async function replace() {
        if (busy) { again = true; return; }
        busy = true;
        try {
            const answer = await fetch(location.pathname, { headers: { Accept: "text/html" } });
            if (!answer.ok) return;
            const fresh = new DOMParser().parseFromString(await answer.text(), "text/html").getElementById("main");
            const main = document.getElementById("main");
            if (fresh && !main.contains(document.activeElement)) main.replaceChildren(...fresh.childNodes);
        } finally {
            busy = false;
            if (again) { again = false; setTimeout(replace, 500); }
        }
    }

    // A browser opens few connections to one server, so only a visible page keeps one.
    let events = null, timer = 0, failures = 0;
    function connect() {
        if (events || timer || document.visibilityState !== "visible") return;
        events = new EventSource(`${root}events`);
        events.addEventListener("hello", event => {
            const hello = JSON.parse(event.data);
            // Without an earlier connection, the page is old if the results have changed since it was requested.
            const isOld = generation === null ? hello.age < performance.now() : hello.generation !== generation;
            [generation, failures] = [hello.generation, 0];
            if (isOld) note();
            document.documentElement.dataset.live = "connected";
        });
        events.addEventListener("results", event => { results += JSON.parse(event.data).count; });
        events.addEventListener("pages", event => { generation = JSON.parse(event.data).generation; note(); });
        events.addEventListener("queue", () => { if (isQueue) replace(); });
        events.addEventListener("error", () => {
            document.documentElement.dataset.live = "waiting";
            if (events && events.readyState === EventSource.CLOSED) retry();
        });
    }
    // A browser reconnects by itself when a connection ends, but not after an error of the server (too many streams) or of a proxy
    // before it. The pause doubles up to a few minutes and is random, so that pages rejected together do not return together.
    function retry() {
        events = null;
        const pause = 4000 * 2 ** Math.min(failures, 6) * (0.5 + Math.random() / 2);
        failures += 1;
        timer = setTimeout(() => { timer = 0; connect(); }, pause);
    }
    function disconnect() {
        clearTimeout(timer);
        if (events) events.close();
        [events, timer] = [null, 0];
    }
    document.addEventListener("visibilitychange", () => { if (document.visibilityState === "visible") connect(); else disconnect(); });
    addEventListener("pagehide", disconnect);
    addEventListener("pageshow", connect);
    connect();

    function note() {
        document.documentElement.dataset.generation = generation;
        if (replaces) { replace(); say(results ? `live, ${results} new` : "live"); return; }
        say(results ? `${results} new result${results === 1 ? "" : "s"}: show` : "changed: show", location.href);
        status.firstChild.addEventListener("click", event => { event.preventDefault(); location.reload(); });
    }
})();
