"""How the page looks, in light and in dark; the page's policy names this text by its hash, and nothing else may style it."""

CSS = """
:root{color-scheme:light dark;--back:#fff;--card:#f7f8fa;--ink:#1b2330;--soft:#5a6473;--rule:#d9dee5;--link:#0b5cad;
--good:#17693a;--bad:#b3261e;--warn:#8a5300;--goodback:#e3f4e9;--badback:#fdeceb;--warnback:#fff3dc;--mark:#1f5fa8;
--s1:#b5540c;--s2:#17693a;--s3:#7a3fa0;--s4:#8a6d00;--s5:#a3315c}
@media(prefers-color-scheme:dark){:root{--back:#12161c;--card:#1a2029;--ink:#e6eaf0;--soft:#9da8b7;--rule:#333c49;
--link:#7ab7f5;--good:#74d69a;--bad:#ff9a92;--warn:#f2c26b;--goodback:#163323;--badback:#421d1b;--warnback:#3b2c10;
--mark:#78b0f0;--s1:#f0a35e;--s2:#74d69a;--s3:#c79bea;--s4:#e0c456;--s5:#f09ab8}}
*{box-sizing:border-box}
body{margin:0;background:var(--back);color:var(--ink);font:15px/1.5 system-ui,-apple-system,"Segoe UI",Roboto,sans-serif}
body>*{max-width:70rem;margin-inline:auto;padding-inline:1.5rem}
header{padding-block:2rem 1rem}
h1{font-size:1.35rem;line-height:1.4;margin:0 0 1rem;font-weight:600;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.25rem 0 .75rem;padding-bottom:.3rem;border-bottom:1px solid var(--rule)}
h3{font-size:1rem;margin:1.25rem 0 .5rem}
dl{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:0}dl>div{min-width:0}
dt{color:var(--soft);font-size:.8rem}dd{margin:0;overflow-wrap:anywhere}
nav{display:flex;flex-wrap:wrap;gap:.25rem 1rem;padding-block:.5rem;font-size:.9rem}
a{color:var(--link)}a:focus-visible,summary:focus-visible,[tabindex]:focus-visible{outline:2px solid var(--link);outline-offset:2px}
.badge{display:inline-block;padding:.1rem .7rem;border-radius:1rem;border:1px solid currentColor;font-size:1.1rem;margin-right:.35rem}
.passed{color:var(--good)}.failed{color:var(--bad)}.undecided{color:var(--warn)}.skipped{color:var(--soft)}
.badge.passed{background:var(--goodback)}.badge.failed{background:var(--badback)}.badge.undecided{background:var(--warnback)}
.outcome{white-space:nowrap;font-weight:600}.good{color:var(--good)}.bad{color:var(--bad)}
.notes{background:var(--warnback);border-left:4px solid var(--warn);padding:.6rem 1rem .6rem 2rem;margin:1rem 0;border-radius:4px;overflow-wrap:anywhere}
.wide{overflow-x:auto;margin-block:.75rem}
table{border-collapse:collapse;min-width:min(100%,36rem);font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:.85rem;padding-bottom:.35rem}
th,td{padding:.4rem .7rem;border-bottom:1px solid var(--rule);text-align:left;vertical-align:top;unicode-bidi:isolate;max-width:34rem;overflow-wrap:break-word}
thead th{color:var(--soft);font-weight:600;font-size:.85rem;white-space:nowrap;border-bottom:2px solid var(--rule)}
tbody th{font-weight:400}tbody tr:hover{background:var(--card)}
th.n,td.n{text-align:right;white-space:nowrap}
code,pre{font:.9em/1.5 ui-monospace,SFMono-Regular,Menlo,Consolas,monospace;unicode-bidi:isolate}
code{overflow-wrap:anywhere}tbody th{min-width:8rem}.fact{display:inline-block;margin-right:.8rem;color:var(--soft)}.fact b{font-weight:400;color:var(--ink)}
pre{background:var(--card);border:1px solid var(--rule);border-radius:6px;padding:.8rem 1rem;overflow-x:auto;margin:.5rem 0 1rem}
pre.own{white-space:pre-wrap;max-height:30rem;overflow:auto}
details{margin:.5rem 0}summary{cursor:pointer;color:var(--link);padding:.2rem 0}
.figures{display:grid;grid-template-columns:repeat(auto-fit,minmax(min(100%,29rem),1fr));gap:1rem;align-items:start}
figure{margin:0;background:var(--card);border:1px solid var(--rule);border-radius:8px;padding:1rem;min-width:0}
figcaption{font-weight:600;margin-bottom:.5rem;overflow-wrap:anywhere}
.drawn{overflow-x:auto}
svg{display:block;max-width:100%;height:auto}svg.interval{display:inline-block;vertical-align:middle;max-width:none}svg.flow{max-width:none}
img{max-width:100%;height:auto;background:#fff}
svg text{fill:var(--ink);font:12px system-ui,-apple-system,"Segoe UI",Roboto,sans-serif;unicode-bidi:isolate}
svg .end{text-anchor:end}svg .mid{text-anchor:middle}svg .tick,svg .value,svg text.small{fill:var(--soft)}svg text.small{font-size:11px}
svg text.name{font-weight:600}svg text.mid.name{font-weight:400;fill:var(--soft)}
.grid{stroke:var(--rule)}.axis{stroke:var(--soft)}.guide{stroke:var(--soft);stroke-dasharray:3 4}
.line{fill:none;stroke-width:2;stroke:var(--mark)}.dot{fill:var(--mark)}.span{stroke:var(--ink);stroke-width:1.5}
.line.s1{stroke:var(--s1);stroke-dasharray:7 4}.dot.s1{fill:var(--s1)}.line.s2{stroke:var(--s2);stroke-dasharray:2 3}.dot.s2{fill:var(--s2)}
.line.s3{stroke:var(--s3);stroke-dasharray:10 3 2 3}.dot.s3{fill:var(--s3)}.line.s4{stroke:var(--s4);stroke-dasharray:4 2}.dot.s4{fill:var(--s4)}
.line.s5{stroke:var(--s5);stroke-dasharray:1 4}.dot.s5{fill:var(--s5)}
.bar{fill:var(--mark)}.back{fill:var(--back);stroke:var(--rule)}.outline{stroke:var(--mark)}.shade{fill:var(--mark)}
svg text.cell{fill:var(--ink);font-weight:600}svg text.cell.small{font-weight:400}svg text.cell.strong{fill:var(--back)}
.stage{fill:var(--back);stroke:var(--soft)}.stage.changed{stroke:var(--mark);stroke-width:3}.edge{fill:none;stroke:var(--soft)}
footer{color:var(--soft);font-size:.85rem;padding-block:2rem;margin-top:2rem}
@media print{nav{display:none}body{font-size:11px}figure,tr{break-inside:avoid}}
"""
