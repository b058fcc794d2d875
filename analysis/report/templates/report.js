// Unpacks the tables of the page when they are opened, and sorts, filters, copies and shows them. A cell without a number comes last.
"use strict";

const unpacked = async (name) => {
  const text = document.getElementById(`block-${name}`).content.textContent;
  const bytes = Uint8Array.from(atob(text.trim()), (sign) => sign.charCodeAt(0));
  const stream = new Blob([bytes]).stream().pipeThrough(new DecompressionStream("gzip"));
  return JSON.parse(await new Response(stream).text());
};

const make = (tag, properties = {}, ...children) => {
  const element = Object.assign(document.createElement(tag), properties);
  element.append(...children);
  return element;
};

const copy = async (text, button) => {
  const label = button.dataset.label ?? (button.dataset.label = button.textContent);
  try {
    await navigator.clipboard.writeText(text);
  } catch {
    const area = make("textarea", { value: text });
    document.body.append(area);
    area.select();
    document.execCommand("copy");
    area.remove();
  }
  button.textContent = "Copied";
  setTimeout(() => (button.textContent = label), 1500);
};

// numbers as everywhere in the report: three significant digits, ties to the even one, a sign before each value, a real minus
const rounded = (size, places) => {
  const [mantissa, power] = size.toExponential(40).split("e");
  const [kept, rest] = [mantissa.replace(".", "").slice(0, places), mantissa.replace(".", "").slice(places)];
  const up = /^50*$/.test(rest) ? Number(kept) % 2 : Number(rest[0] >= "5");
  return Number(`${Number(kept) + up}e${Number(power) - places + 1}`);
};
const digits = (value) => {
  if (value === 0) return "0";
  const size = Math.abs(value);
  if (size >= 1000) return size.toFixed(0);
  if (size < 1e-4) return rounded(size, 3).toExponential(2).replace(/\.?0+e/, "e").replace(/e([+-])(\d)$/, "e$10$2");
  return String(rounded(size, 3));
};
const signed = (value) => (value === null ? "–" : (value < 0 ? "−" : value === 0 ? "" : "+") + digits(value));
const pText = (value) => {
  const half = value * 1000 - Math.floor(value * 1000) === 0.5; // a tie, as of a test with few sign patterns
  const shown = half ? 2 * Math.round(value * 500) / 1000 : value;
  return value < 0.001 ? "p < .001" : `p = ${shown.toFixed(3).replace("0.", ".")}`;
};

const ROW = 26; // height of a row of estimates, as in the style of the page
const AROUND = 15; // rows that are drawn above and below those in sight

const estimates = ({ columns, rows }) => {
  const at = Object.fromEntries(columns.map((name, place) => [name, place]));
  const scroll = document.getElementById("estimate-scroll");
  const table = document.getElementById("estimate-table");
  const [body, heads] = [table.tBodies[0], Array.from(table.tHead.rows[0].cells)];
  const own = (name, kind = "number") => ({ get: (row) => row[at[name]], kind });
  const shown = [
    ...["model", "probe", "measure", "contrast", "arm", "term"].map((name) => own(name, "text")),
    { ...own("value"), say: (row) => signed(row[at.value]) },
    { ...own("ci_low"), say: (row) => (row[at.ci_low] === null ? "[no interval]" : `[${signed(row[at.ci_low])}, ${signed(row[at.ci_high])}]${row[at.level] === 0.95 ? "" : ` ${Math.round(100 * row[at.level])} %`}`) },
    { ...own("p_value"), say: (row) => (row[at.p_value] === null ? "no test" : pText(row[at.p_value])) },
    { ...own("p_adjusted"), say: (row) => (row[at.p_adjusted] === null ? "–" : pText(row[at.p_adjusted])) },
    { ...own("effect_size"), say: (row) => signed(row[at.effect_size]) },
    ...["n_items", "n_pairs", "n_failed"].map((name) => own(name)),
    own("flags", "text"),
  ];
  const say = (column, row) => (column.say ? column.say(row) : String(column.get(row)));
  const words = new Map(rows.map((row) => [row, shown.map((column) => say(column, row)).join(" ").toLowerCase()]));
  const widths = shown.map((column, place) => Math.max(heads[place].textContent.length + 4, ...rows.map((row) => say(column, row).length + 2)));
  table.querySelector("colgroup").replaceChildren(...widths.map((width) => { const col = make("col"); col.style.width = `${Math.min(width, 40)}ch`; return col; }));
  let found = rows;
  const space = (height) => { const cell = make("td", { colSpan: shown.length }); cell.style.height = `${height}px`; const row = make("tr", { className: "space" }, cell); row.setAttribute("aria-hidden", "true"); return row; };
  const draw = () => {
    const first = Math.max(0, Math.floor(scroll.scrollTop / ROW) - AROUND);
    const last = Math.min(found.length, Math.ceil((scroll.scrollTop + scroll.clientHeight) / ROW) + AROUND);
    const drawn = found.slice(first, last).map((row, place) => {
      const line = make("tr", {}, ...shown.map((column, k) => make(k ? "td" : "th", { textContent: say(column, row), className: column.kind === "text" ? "text" : "", title: column.kind === "text" ? say(column, row) : "" })));
      line.cells[0].scope = "row";
      line.setAttribute("aria-rowindex", first + place + 2);
      return line;
    });
    body.replaceChildren(space(first * ROW), ...drawn, space((found.length - last) * ROW));
    table.setAttribute("aria-rowcount", found.length + 1);
  };
  const order = (column, down) => found.sort((one, other) => {
    const [a, b] = [column.get(one), column.get(other)];
    if (a === null || b === null) return (a === null) - (b === null);
    const way = column.kind === "text" ? a.localeCompare(b, "en") : a - b;
    return down ? -way : way;
  });
  let sorted = null;
  heads.forEach((head, place) => head.querySelector("button").addEventListener("click", () => {
    const down = head.getAttribute("aria-sort") === "ascending";
    heads.forEach((other) => other.removeAttribute("aria-sort"));
    head.setAttribute("aria-sort", down ? "descending" : "ascending");
    sorted = [shown[place], down];
    order(...sorted);
    draw();
  }));
  const input = document.getElementById("filter");
  const filter = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    found = rows.filter((row) => wanted.every((word) => words.get(row).includes(word)));
    if (sorted) order(...sorted);
    document.getElementById("count").textContent = `${found.length} of ${rows.length} estimates`;
    scroll.scrollTop = 0;
    draw();
  };
  const tex = (value) => value.replace(/[\\&%$#_{}~^]/g, (sign) => (sign === "\\" ? "\\textbackslash{}" : sign === "~" || sign === "^" ? `\\${sign}{}` : `\\${sign}`)).replace(/−/g, "$-$");
  const formats = {
    CSV: () => [columns, ...found].map((row) => row.map((value) => (value === null ? "" : /[",\n]/.test(value) ? `"${String(value).replaceAll('"', '""')}"` : value)).join(",")).join("\n"),
    Markdown: () => {
      const line = (cells) => `| ${cells.map((value) => value.replaceAll("|", "\\|")).join(" | ")} |`;
      return [line(heads.map((head) => head.textContent)), `|${shown.map((column) => (column.kind === "text" ? "---|" : "---:|")).join("")}`, ...found.map((row) => line(shown.map((column) => say(column, row))))].join("\n");
    },
    LaTeX: () => {
      const line = (cells) => `${cells.map(tex).join(" & ")} \\\\`;
      return [`\\begin{tabular}{${shown.map((column) => (column.kind === "text" ? "l" : "r")).join("")}}`, line(heads.map((head) => head.textContent)), "\\hline", ...found.map((row) => line(shown.map((column) => say(column, row)))), "\\end{tabular}"].join("\n");
    },
  };
  for (const button of document.querySelectorAll("button.copy")) button.addEventListener("click", () => copy(formats[button.dataset.format](), button));
  input.addEventListener("input", filter);
  scroll.addEventListener("scroll", draw);
  filter(); // a browser may keep the text over a reload
};

const STEP = 25; // pairs that are added at a time

const texts = ({ pairs, series, note }) => {
  const get = (id) => document.getElementById(id);
  const selects = { arm: get("of-arm"), stratum: get("of-stratum"), register: get("of-register") };
  const [which, input, list, more, examples] = [get("series"), get("of-text"), get("pair-list"), get("more-pairs"), get("examples")];
  get("pair-note").textContent = note;
  which.append(...series.map((one, place) => make("option", { value: place, textContent: one.title })));
  const rows = series.map((one) => one.values.map(([place, high, low, gap, stratum, rankHigh, rankLow]) => ({ pair: pairs[place], place, high, low, gap, rankHigh, rankLow, arm: pairs[place].arm, stratum: stratum ?? "", register: pairs[place].register })));
  for (const [name, select] of Object.entries(selects)) {
    const values = [...new Set(rows.flat().map((row) => row[name]))].filter(Boolean).sort();
    select.append(...values.map((value) => make("option", { value, textContent: value })));
    select.closest("label").hidden = values.length < 2;
  }
  const marked = (pair, side) => make("span", { lang: pair.language, dir: "auto" }, ...pair[side].map(([words, differs]) => (differs ? make("mark", { textContent: words }) : words)));
  const line = (row, side, label, unit) => {
    const [value, rank] = side === "high" ? [row.high, row.rankHigh] : [row.low, row.rankLow];
    const numbers = [value === null ? "" : `${digits(value) && (value < 0 ? "−" : "") + digits(value)} ${unit}`, rank === null || rank === undefined ? "" : `rank ${digits(rank)}`].filter(Boolean).join(", ");
    return make("p", {}, make("span", { className: "soft", textContent: `${label}: ` }), marked(row.pair, side), numbers ? make("span", { className: "soft", textContent: ` (${numbers})` }) : "");
  };
  const card = (row, unit) => {
    const facts = [`gap ${signed(row.gap)} ${unit}`, row.pair.zipf === null ? "" : `frequency gap ${digits(row.pair.zipf)} Zipf`, row.arm, row.stratum, row.register, row.pair.item].filter(Boolean).join(" · ");
    const foot = make("p", { className: "soft", textContent: `${facts} ` });
    if (row.pair.line) {
      const button = make("button", { type: "button", textContent: "Copy as a JSON line" });
      button.addEventListener("click", () => copy(JSON.stringify(row.pair.line), button));
      foot.append(button);
    }
    return make("article", { className: "pair" }, line(row, "high", "frequent", unit), line(row, "low", "rare", unit), foot);
  };
  let [found, room] = [[], STEP];
  const draw = () => {
    const { unit } = series[which.value];
    list.replaceChildren(...found.slice(0, room).map((row) => card(row, unit)));
    more.hidden = found.length <= room;
    get("pair-count").textContent = `${found.length} of ${rows[which.value].length} pairs`;
  };
  const filter = () => {
    const wanted = input.value.toLowerCase().split(/\s+/).filter(Boolean);
    const chosen = Object.entries(selects).filter(([, select]) => select.value);
    const text = ({ pair }) => [...pair.high, ...pair.low].map(([words]) => words).join("").toLowerCase() + ` ${pair.item} ${pair.frame}`.toLowerCase();
    found = rows[which.value].filter((row) => chosen.every(([name, select]) => row[name] === select.value) && wanted.every((word) => text(row).includes(word)));
    room = STEP;
    const own = series[which.value];
    const byPlace = new Map(rows[which.value].map((row) => [row.place, row]));
    const plain = !chosen.length && !wanted.length;
    examples.replaceChildren(...(plain ? own.examples.flatMap((places, k) => (places.length ? [make("h3", { textContent: examples.dataset.titles.split("|")[k] }), ...places.map((place) => card(byPlace.get(place), own.unit))] : [])) : []));
    draw();
  };
  for (const part of [which, ...Object.values(selects)]) part.addEventListener("change", filter);
  input.addEventListener("input", filter);
  more.addEventListener("click", () => { room += STEP; draw(); });
  if (series.length) filter();
};

// words of the glossary that a text uses are explained where they stand, once under each heading
const glossary = (entries) => {
  document.getElementById("terms").append(...entries.flatMap(({ term, says }) => [make("dt", { textContent: term }), make("dd", { textContent: says })]));
};

const explained = (entries) => {
  const meanings = new Map(entries.filter(({ word }) => word).flatMap(({ term, also, says }) => [term, ...also].map((name) => [name.toLowerCase(), says])));
  const names = [...meanings.keys()].sort((a, b) => b.length - a.length).map((name) => name.replace(/[.*+?^${}()|[\]\\]/g, "\\$&"));
  const pattern = new RegExp(`(?<![\\p{L}\\p{N}])(${names.join("|")})(?![\\p{L}\\p{N}])`, "giu");
  const untouched = (node) => node.parentElement.closest("abbr, code, mark, svg, [lang]:not(html), button, label, dl");
  const seen = new Set();
  for (const block of document.querySelectorAll("main h2, main p, main li, main summary, main th, main figcaption")) {
    if (block.tagName === "H2") {
      seen.clear();
      continue;
    }
    const walker = document.createTreeWalker(block, NodeFilter.SHOW_TEXT, (node) => (untouched(node) ? NodeFilter.FILTER_REJECT : NodeFilter.FILTER_ACCEPT));
    const nodes = [];
    while (walker.nextNode()) nodes.push(walker.currentNode);
    for (const node of nodes) {
      const parts = node.data.split(pattern);
      if (parts.length < 2) continue;
      node.replaceWith(...parts.map((part, place) => {
        const says = meanings.get(part.toLowerCase());
        if (place % 2 === 0 || seen.has(says)) return part;
        seen.add(says);
        return make("abbr", { textContent: part, title: says });
      }));
    }
  }
};
unpacked("glossary").then(explained);

const OPENED = { estimates, pairs: texts, glossary };
for (const part of document.querySelectorAll("details.lazy")) {
  part.addEventListener("toggle", async () => {
    if (!part.open || part.dataset.shown) return;
    part.dataset.shown = "yes";
    OPENED[part.dataset.block](await unpacked(part.dataset.block));
    part.dataset.shown = "done";
  });
}
