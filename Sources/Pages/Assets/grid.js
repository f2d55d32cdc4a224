"use strict";
// The grid: every cell of the deployment on one canvas. The page holds the cells as packed strings: a row for each package
// version and one letter for each cell. Without this script, readers use the tables that the page links to.
(() => {
    const data = JSON.parse(document.getElementById("cells").textContent);
    const columns = data.columns.map(name => ({ name, target: name.slice(0, name.indexOf("/")) }));
    const rows = data.rows.split("\n");
    const lowered = rows.map(name => name.toLowerCase());
    const width = columns.length;
    const causeOf = unpackCauses(data.causeOf);
    const kinds = {
        B: { word: "broken", change: "broken", outcome: "failure", shape: "full" },
        F: { word: "failure", change: "still-failing", outcome: "failure", shape: "cross" },
        K: { word: "blocked", outcome: "blocked", shape: "triangle" },
        Y: { word: "flaky", change: "flaky", outcome: "failure", shape: "diamond" },
        I: { word: "infrastructure", outcome: "infrastructure", shape: "hollow" },
        A: { word: "accepted", outcome: "failure", shape: "ring" },
        U: { word: "unsolvable", outcome: "unsolvable", shape: "dash" },
        P: { word: "pending", outcome: "pending", shape: "dot" },
        E: { word: "excluded", outcome: "excluded", shape: "none" },
        C: { word: "cancelled", outcome: "cancelled", shape: "bar" },
        X: { word: "fixed", change: "fixed", outcome: "success", shape: "plus" },
        S: { word: "success", outcome: "success", shape: "small" },
    };
    const letters = Object.keys(kinds), kindOf = [];
    for (const letter of letters) kindOf[letter.charCodeAt(0)] = kinds[letter];
    // The letter of each cell as a number, and whether the cell fits the filter.
    const blank = 32, states = new Uint8Array(rows.length * width).map((_, cell) => data.states.charCodeAt(cell));
    const fitting = new Uint8Array(states.length), total = states.reduce((sum, state) => state === blank ? sum : sum + 1, 0);
    const canvas = document.getElementById("grid"), frame = canvas.parentElement, context = canvas.getContext("2d");
    const card = document.getElementById("card"), count = document.getElementById("count"), spoken = document.getElementById("spoken");
    const filter = document.getElementById("filter"), sort = document.getElementById("sort"), colour = document.getElementById("colour");
    let details = null, people = null, shown = [], layout = null, cursor = null;

    // Runs of equal causes of the cells that are bad, in order: "12*3" is the third cause for 38 cells (36 + 2); 0 is none.
    function unpackCauses(packed) {
        const causes = new Int16Array(rows.length * width).fill(-1);
        const runs = packed === "" ? [] : packed.split(" ");
        let cell = 0, states = data.states;
        for (const run of runs) {
            const star = run.indexOf("*");
            let left = star === 0 ? 1 : parseInt(run.slice(0, star), 36);
            const cause = parseInt(run.slice(star + 1), 36);
            for (; left > 0; cell++) if ("BFKYIA".includes(states[cell])) { causes[cell] = cause - 1; left--; }
        }
        return causes;
    }

    // A filter: words that must all match; `!word` must not match; `key:word` is compared with something other than the package's
    // name. A text is compared once for each kind, column, cause or row, and each cell looks its result up in a table.
    function narrow(word) {
        const negated = word[0] === "!", bare = negated ? word.slice(1) : word;
        const colon = bare.indexOf(":"), key = colon > 0 ? bare.slice(0, colon) : "", value = bare.slice(colon + 1);
        const table = answers => Uint8Array.from(answers, answer => Boolean(answer) !== negated ? 1 : 0);
        const byKind = fits => keep(states, Uint8Array.from({ length: 128 }, (_, state) => kindOf[state] && Boolean(fits(kindOf[state])) !== negated ? 1 : 0));
        const byColumn = fits => { const fit = table(columns.map(fits)); for (let cell = 0, column = 0; cell < fitting.length; cell++) { fitting[cell] &= fit[column]; if (++column === width) column = 0; } };
        const byRow = fits => { for (let row = 0; row < rows.length; row++) if (Boolean(fits(row)) === negated) fitting.fill(0, row * width, row * width + width); };
        switch (key) {
        case "outcome": byKind(kind => kind.outcome.startsWith(value)); break;
        case "change": byKind(kind => kind.change?.startsWith(value)); break;
        case "state": byKind(kind => kind.word.startsWith(value)); break;
        case "cause": { const fit = data.causes.map(cause => cause[0].startsWith(value)); for (let cell = 0; cell < fitting.length; cell++) if (Boolean(fit[causeOf[cell]]) === negated) fitting[cell] = 0; break; }
        case "target": byColumn(column => column.target.startsWith(value)); break;
        case "maintainer": if (people) byRow(row => people.maintainers[row].some(name => name.includes(value))); else if (negated) fitting.fill(0); break;
        case "tag": if (people) byRow(row => people.tags[row].some(name => name.startsWith(value))); else if (negated) fitting.fill(0); break;
        case "compiler": byColumn(column => column.name.split("/")[1].startsWith(value)); break;
        default: byRow(row => lowered[row].includes(bare));
        }
    }
    function keep(values, fit) {
        for (let cell = 0; cell < values.length; cell++) fitting[cell] &= fit[values[cell]];
    }

    function select() {
        for (let cell = 0; cell < states.length; cell++) fitting[cell] = states[cell] === blank ? 0 : 1;
        const words = filter.value.toLowerCase().split(/\s+/).filter(Boolean);
        words.forEach(narrow);
        shown = [];
        let cells = 0;
        for (let row = 0, cell = 0; row < rows.length; row++) {
            let own = 0;
            for (let column = 0; column < width; column++) own += fitting[cell++];
            if (own > 0 || words.length === 0) shown.push(row);
            cells += own;
        }
        order();
        const numbers = [cells, total, shown.length, rows.length].map(number => number.toLocaleString("en"));
        count.textContent = `${numbers[0]} of ${numbers[1]} cells, ${numbers[2]} of ${numbers[3]} packages`;
    }

    function order() {
        const key = sort.value;
        if (key === "name" || (key !== "trouble" && !details)) return;
        const weight = key === "changed" ? row => Math.max(...details.since.slice(row * width, row * width + width))
            : row => { let sum = 0; for (let c = 0; c < width; c++) sum += Math.max(0, 9 - letters.indexOf(data.states[row * width + c])) ** 2; return sum; };
        const weights = new Map(shown.map(row => [row, weight(row)]));
        shown.sort((a, b) => weights.get(b) - weights.get(a) || a - b);
    }

    // A text, or its beginning, that is at most so many px wide.
    function fitted(text, most) {
        if (context.measureText(text).width <= most) return text;
        let length = text.length - 1;
        while (length > 1 && context.measureText(text.slice(0, length) + "…").width > most) length--;
        return text.slice(0, length) + "…";
    }

    // The names of columns are written obliquely above the cells, and extend beyond the last one.
    const slope = Math.PI / 3.2, longestHead = 150, longestName = 260;
    let heads = null;
    function measureHeads() {
        context.font = `11px ${style.getPropertyValue("--sans")}`;
        const names = columns.map(column => fitted(column.name, longestHead));
        const widest = Math.max(...names.map(name => context.measureText(name).width));
        heads = { names, height: Math.ceil(Math.sin(slope) * widest) + 16, overhang: Math.ceil(Math.cos(slope) * widest) + 4 };
    }

    // The width of the longest name of a row that is shown. Only those with the most characters are measured.
    function widestName(size) {
        context.font = `${Math.min(13, size - 1)}px ${style.getPropertyValue("--sans")}`;
        let most = 0, widest = 0;
        for (const row of shown) most = Math.max(most, rows[row].length);
        for (const row of shown) if (rows[row].length > most - 3) widest = Math.max(widest, context.measureText(rows[row]).width);
        return Math.ceil(widest) + 10;
    }

    // The largest size at which everything fits on the screen. At larger sizes, rows show the name of their package.
    function arrange() {
        if (!heads) measureHeads();
        const space = frame.clientWidth, top = frame.getBoundingClientRect().top + scrollY;
        const room = Math.max(220, innerHeight - top - 12), narrow = space < 640;
        for (let size = 18; ; size--) {
            const named = size >= 11 || size <= 5 && narrow, gap = Math.max(2, Math.round(size / 2.5));
            const pitch = narrow ? Math.max(size, 12) : size, beyond = named ? Math.max(0, heads.overhang - pitch) : 0;
            const label = size >= 11 || narrow ? Math.min(longestName, widestName(pitch), space - (width + 2) * pitch - beyond) : 0;
            const breaks = columns.map((column, i) => i > 0 && column.target !== columns[i - 1].target ? gap : 0);
            const head = named ? heads.height : 0;
            let x = label;
            const left = columns.map((_, i) => { x += breaks[i]; const at = x; x += pitch; return at; });
            const strip = x + gap * 3, strips = Math.max(1, Math.floor((space + gap * 3 - beyond) / strip));
            const least = Math.ceil(shown.length / strips), fits = Math.floor((room - head) / pitch);
            if (least <= fits || size <= 5) {
                const deep = Math.max(least, Math.min(shown.length, fits), 1);
                layout = { size: pitch, label, left, strip, beyond, strips: Math.max(1, Math.ceil(shown.length / deep)), deep, head, high: head + deep * pitch };
                break;
            }
        }
    }

    // Where a cell is in the grid.
    function positionOf(index, column) {
        const strip = Math.floor(index / layout.deep), line = index % layout.deep;
        return [strip * layout.strip + layout.left[column], layout.head + line * layout.size];
    }

    const style = getComputedStyle(document.documentElement);
    const probe = document.createElement("i");
    document.body.append(probe);
    let colours = new Map();
    function resolve(variable) {
        let known = colours.get(variable);
        if (!known) {
            probe.style.color = `var(${variable})`;
            colours.set(variable, known = getComputedStyle(probe).color);
        }
        return known;
    }

    function shape(context, kind, x, y, s) {
        const inner = Math.max(1, Math.round(s * .24)), size = s - 1;
        switch (kind) {
        case "full": context.fillRect(x, y, size, size); break;
        case "cross":
            if (s < 9) { context.fillRect(x, y, size, size); break; }
            context.fillRect(x, y, size, size);
            context.save(); context.globalCompositeOperation = "destination-out"; context.lineWidth = s / 9; context.beginPath();
            context.moveTo(x + s * .26, y + s * .26); context.lineTo(x + s * .66, y + s * .66);
            context.moveTo(x + s * .66, y + s * .26); context.lineTo(x + s * .26, y + s * .66); context.stroke(); context.restore();
            break;
        case "triangle": context.beginPath(); context.moveTo(x, y); context.lineTo(x, y + size); context.lineTo(x + size, y + size); context.fill(); break;
        case "diamond": context.beginPath(); context.moveTo(x + size / 2, y); context.lineTo(x + size, y + size / 2); context.lineTo(x + size / 2, y + size); context.lineTo(x, y + size / 2); context.fill(); break;
        case "hollow": context.lineWidth = Math.max(1, s / 7); context.strokeRect(x + context.lineWidth / 2, y + context.lineWidth / 2, size - context.lineWidth, size - context.lineWidth); break;
        case "ring": context.lineWidth = Math.max(1, s / 8); context.beginPath(); context.arc(x + size / 2, y + size / 2, Math.max(1, size / 2 - context.lineWidth / 2), 0, 7); context.stroke(); break;
        case "dash": context.fillRect(x + s * .1, y + Math.floor(size / 2), size - s * .2, Math.max(1, Math.round(s / 9))); break;
        case "dot": context.fillRect(x + Math.floor(size / 2), y + Math.floor(size / 2), Math.max(1, Math.round(s / 9)), Math.max(1, Math.round(s / 9))); break;
        case "none": break;
        case "bar": context.fillRect(x + Math.floor(size / 2), y, Math.max(1, s / 9), size); break;
        case "plus": { const w = Math.max(1, Math.round(s / 4)); context.fillRect(x + (size - w) / 2, y, w, size); context.fillRect(x, y + (size - w) / 2, size, w); break; }
        default: context.fillRect(x + inner, y + inner, size - 2 * inner, size - 2 * inner);
        }
    }

    // The picture of a cell, drawn once for each kind or step, and copied to every such cell.
    const easel = document.createElement("canvas"), brush = easel.getContext("2d", { willReadFrequently: true });
    let pictures = [], pictured = "";
    function picture(key, faded, size, ratio) {
        const number = 2 * (key + 10) + (faded ? 1 : 0);
        if (!pictures[number]) {
            const side = Math.max(1, Math.round(size * ratio)), kind = kindOf[key];
            easel.width = easel.height = side;
            brush.scale(side / size, side / size);
            brush.globalAlpha = faded ? .22 : 1;
            brush.fillStyle = brush.strokeStyle = kind ? resolve(`--${kind.word}`) : scale(key + 9);
            shape(brush, kind ? kind.shape : "full", 0, 0, size);
            pictures[number] = new Uint32Array(brush.getImageData(0, 0, side, side).data.buffer);
        }
        return pictures[number];
    }

    // Browsers limit the sides and the area of a canvas. Of a taller grid the canvas has a part, three screens high, which is
    // drawn anew when the reader has scrolled out of it.
    const longestSide = 32767, largestArea = 1 << 24;
    let part = { top: 0, height: 0 };

    // The part of the grid that is on the screen.
    function visible() {
        const top = Math.max(0, -frame.getBoundingClientRect().top);
        return { top, bottom: Math.min(top + innerHeight, layout.high) };
    }
    // Chooses the part to draw, and returns the pixels to each px.
    function choosePart(broad) {
        const most = Math.min(layout.high, 3 * innerHeight);
        const ratio = Math.min(devicePixelRatio || 1, longestSide / most, Math.sqrt(largestArea / (broad * most)));
        const fits = layout.high * ratio <= longestSide && broad * layout.high * ratio * ratio <= largestArea;
        const height = fits ? layout.high : most, top = Math.floor(visible().top - innerHeight);
        part = { top: Math.max(0, Math.min(top, layout.high - height)), height };
        return ratio;
    }

    let image = null;
    function draw() {
        arrange();
        const broad = Math.min(layout.strips * layout.strip + layout.beyond, frame.clientWidth);
        frame.style.height = `${layout.high}px`;
        const ratio = choosePart(broad), offset = Math.round(part.top * ratio);
        canvas.width = Math.max(1, Math.ceil(broad * ratio)); canvas.height = Math.max(1, Math.ceil(part.height * ratio));
        canvas.style.width = `${broad}px`; canvas.style.height = `${part.height}px`; canvas.style.top = `${part.top}px`;
        if (image && image.width === canvas.width && image.height === canvas.height) image.data.fill(0);
        else image = context.createImageData(canvas.width, canvas.height);
        if (pictured !== `${layout.size} ${ratio}`) { pictures = []; pictured = `${layout.size} ${ratio}`; }
        const pixels = new Uint32Array(image.data.buffer), across = image.width, down = image.height;
        const mode = details ? colour.value : "state", size = layout.size, side = Math.max(1, Math.round(size * ratio));
        for (let index = 0; index < shown.length; index++) {
            const start = Math.floor(index / layout.deep) * layout.strip, top = Math.round((layout.head + index % layout.deep * size) * ratio) - offset;
            const first = Math.max(top, 0), bottom = Math.min(top + side, down);
            if (first >= bottom) continue;
            for (let column = 0, cell = shown[index] * width; column < width; column++, cell++) {
                if (states[cell] === blank) continue;
                // Steps are negative.
                const source = picture(mode === "state" ? states[cell] : step(mode, cell) - 9, fitting[cell] === 0, size, ratio);
                const left = Math.round((start + layout.left[column]) * ratio), end = Math.min(left + side, across) - left;
                for (let y = first, from = (first - top) * side; y < bottom; y++, from += side)
                    for (let x = 0, to = y * across + left; x < end; x++) pixels[to + x] = source[from + x];
            }
        }
        context.putImageData(image, 0, 0);
        context.setTransform(ratio, 0, 0, ratio, 0, -offset);
        if (layout.label > 40) writeNames();
        if (layout.head) writeHeads();
        if (cursor) outline();
    }
    function writeNames() {
        context.fillStyle = resolve("--ink");
        context.font = `${Math.min(13, layout.size - 1)}px ${style.getPropertyValue("--sans")}`;
        context.textBaseline = "middle";
        shown.forEach((row, index) => {
            const x = Math.floor(index / layout.deep) * layout.strip, y = layout.head + (index % layout.deep) * layout.size + layout.size / 2;
            if (y + layout.size < part.top || y - layout.size > part.top + part.height) return;
            context.fillText(fitted(rows[row], layout.label - 6), x, y);
        });
    }
    function writeHeads() {
        context.fillStyle = resolve("--quiet");
        context.font = `11px ${style.getPropertyValue("--sans")}`;
        context.textBaseline = "middle";
        for (let strip = 0; strip < layout.strips; strip++) heads.names.forEach((name, i) => {
            context.save();
            context.translate(strip * layout.strip + layout.left[i] + layout.size / 2, layout.head - 5);
            context.rotate(-slope);
            context.fillText(name, 0, 0);
            context.restore();
        });
    }

    // Steps of the scales: runs since the last change, and the logarithm of seconds.
    function step(mode, cell) {
        if (mode === "age") { const since = details.since[cell]; return since === 0 ? -1 : Math.min(6, Math.floor(Math.log2(1 + data.run - since))); }
        return details.seconds[cell] === 0 ? -1 : Math.min(6, details.seconds[cell] - 1);
    }
    function scale(value) {
        if (value < 0) return resolve("--line");
        return ["#fde725", "#90d743", "#35b779", "#21918c", "#31688e", "#443983", "#440154"][value];
    }

    function at(event) {
        const box = canvas.getBoundingClientRect(), x = event.clientX - box.left, y = event.clientY - box.top + part.top - layout.head;
        const strip = Math.floor(x / layout.strip), within = x - strip * layout.strip, line = Math.floor(y / layout.size);
        if (line < 0 || line >= layout.deep || strip < 0 || strip >= layout.strips) return null;
        const index = strip * layout.deep + line;
        if (index >= shown.length) return null;
        let column = layout.left.findIndex(left => within >= left && within < left + layout.size);
        if (column < 0 && within < layout.label) column = 0;
        return column < 0 ? null : { index, column };
    }
    function describe({ index, column }) {
        const row = shown[index], cell = row * width + column, kind = kinds[data.states[cell]];
        const cause = data.causes[causeOf[cell]];
        return { name: `${columns[column].name}/${rows[row]}`, word: kind ? kind.word : "no such cell", reason: cause ? cause[1] : "" };
    }
    function show(position, x, y) {
        if (!position) { card.hidden = true; return; }
        const { name, word, reason } = describe(position);
        card.replaceChildren();
        const title = document.createElement("b");
        title.textContent = name;
        card.append(title, document.createElement("br"), word + (reason ? `: ${reason}` : ""));
        card.hidden = false;
        card.style.left = `${Math.max(4, Math.min(x + 14, innerWidth - card.offsetWidth - 8))}px`;
        card.style.top = `${y + 20 + card.offsetHeight > innerHeight ? Math.max(4, y - card.offsetHeight - 12) : y + 18}px`;
    }
    function outline() {
        const [x, y] = positionOf(cursor.index, cursor.column);
        context.lineWidth = 2;
        context.strokeStyle = resolve("--ink");
        context.strokeRect(x - 1.5, y - 1.5, layout.size + 2, layout.size + 2);
    }
    // Scrolls until the row at `y` is between the header, which stays at the top, and the end of the screen.
    function bringIntoView(y) {
        const top = frame.getBoundingClientRect().top + y, header = document.querySelector("header")?.offsetHeight || 0;
        if (top < header) scrollBy(0, top - header - layout.head);
        else if (top + 2 * layout.size > innerHeight) scrollBy(0, top + 3 * layout.size - innerHeight);
    }
    function open({ index, column }) {
        const cell = shown[index] * width + column;
        if (data.states[cell] === " ") return;
        const name = rows[shown[index]], dot = name.indexOf(".");
        const [place, backend] = columns[column].name.split("@");
        const anchor = `${place}/${name}${backend ? `@${backend}` : ""}`.replaceAll("/", "_");
        location.href = `packages/${encodeURIComponent(name.slice(0, dot))}.html#${encodeURIComponent(anchor)}`;
    }
    function move(event) {
        const steps = { ArrowUp: [-1, 0], ArrowDown: [1, 0], ArrowLeft: [0, -1], ArrowRight: [0, 1], PageUp: [-20, 0], PageDown: [20, 0], Home: [-1e9, 0], End: [1e9, 0] };
        if (event.key === "Enter" && cursor) { open(cursor); return; }
        if (event.key === "Escape") { cursor = null; card.hidden = true; draw(); return; }
        const [down, right] = steps[event.key] || [];
        if (down === undefined || shown.length === 0) return;
        event.preventDefault();
        if (!cursor) cursor = { index: 0, column: 0 };
        else {
            let { index, column } = cursor;
            column += right;
            if (column < 0) { column = width - 1; index -= layout.deep; }
            if (column >= width) { column = 0; index += layout.deep; }
            cursor = { index: Math.max(0, Math.min(shown.length - 1, index + down)), column };
        }
        const [x, y] = positionOf(cursor.index, cursor.column);
        bringIntoView(y);
        draw();
        const box = frame.getBoundingClientRect();
        show(cursor, box.left + x, box.top + y);
        const { name, word, reason } = describe(cursor);
        spoken.textContent = `${name}: ${word}${reason ? `, ${reason}` : ""}`;
    }

    // The address contains the filter and the choices, so that a view can be shared.
    function remember(push) {
        const state = new URLSearchParams();
        if (filter.value.trim()) state.set("q", filter.value.trim());
        if (sort.value !== "name") state.set("sort", sort.value);
        if (colour.value !== "state") state.set("colour", colour.value);
        const text = state.toString();
        if (text !== location.hash.slice(1)) history[push ? "pushState" : "replaceState"](null, "", text ? `#${text}` : location.pathname);
    }
    function recall() {
        const state = new URLSearchParams(location.hash.slice(1));
        filter.value = state.get("q") || "";
        sort.value = state.get("sort") || "name";
        colour.value = state.get("colour") || "state";
        refresh();
    }
    function refresh() {
        cursor = null;
        card.hidden = true;
        select();
        draw();
        if (!details && (sort.value === "changed" || colour.value !== "state"))
            load("details", () => { details = unpackDetails(globalThis.gridDetails); });
        if (!people && /(^|\s)!?(maintainer|tag):/i.test(filter.value))
            load("people", () => { people = unpackPeople(globalThis.gridPeople); });
    }
    function load(name, unpack) {
        if (document.getElementById(name)) return;
        const script = document.createElement("script");
        script.id = name;
        script.src = canvas.dataset[name];
        script.onload = () => { unpack(); refresh(); };
        document.head.append(script);
    }
    function unpackPeople(packed) {
        const names = (numbers, list) => numbers.map(text => text === "" ? [] : text.split(" ").map(digits => list[parseInt(digits, 36)]));
        return { maintainers: names(packed.maintainersOf, packed.maintainers), tags: names(packed.tagsOf, packed.tags) };
    }
    function unpackDetails(packed) {
        const digits = text => Array.from(text, letter => letter === " " ? 0 : parseInt(letter, 36));
        const since = packed.since.split(" ").flatMap(run => {
            const [times, value] = run.split("*");
            return Array(times === "" ? 1 : parseInt(times, 36)).fill(parseInt(value, 36));
        });
        return { since, seconds: digits(packed.seconds) };
    }

    function writeLegend() {
        const legend = document.getElementById("legend"), used = new Set(data.states);
        for (const letter of letters) {
            if (!used.has(letter)) continue;
            const item = document.createElement("li"), picture = document.createElement("canvas");
            picture.width = picture.height = 26;
            picture.style.width = picture.style.height = "13px";
            const own = picture.getContext("2d");
            own.fillStyle = own.strokeStyle = resolve(`--${kinds[letter].word}`);
            own.scale(2, 2);
            shape(own, kinds[letter].shape, 0, 0, 13);
            item.append(picture, kinds[letter].word);
            legend.append(item);
        }
    }

    let typing = 0;
    filter.addEventListener("input", () => { clearTimeout(typing); refresh(); typing = setTimeout(() => remember(true), 600); });
    for (const choice of [sort, colour]) choice.addEventListener("change", () => { refresh(); remember(true); });
    canvas.addEventListener("mousemove", event => show(at(event), event.clientX, event.clientY));
    canvas.addEventListener("mouseleave", () => { card.hidden = true; });
    let touched = "";
    canvas.addEventListener("pointerdown", event => {
        const position = at(event);
        if (event.pointerType !== "touch" || !position) return;
        const key = `${position.index} ${position.column}`;
        if (touched === key) open(position); else { touched = key; show(position, event.clientX, event.clientY); event.preventDefault(); }
    });
    canvas.addEventListener("click", event => { const position = at(event); if (position && event.pointerType !== "touch") open(position); });
    canvas.addEventListener("keydown", move);
    document.addEventListener("keydown", event => { if (event.key === "/" && event.target !== filter) { event.preventDefault(); filter.focus(); } });
    addEventListener("resize", draw);
    addEventListener("scroll", () => {
        const { top, bottom } = visible();
        if (top < part.top || bottom > part.top + part.height) draw();
    }, { passive: true });
    addEventListener("popstate", recall);
    addEventListener("hashchange", recall);
    matchMedia("(prefers-color-scheme: dark)").addEventListener("change", () => { colours = new Map(); pictures = []; draw(); });
    document.getElementById("controls").hidden = false;
    writeLegend();
    recall();
})();
