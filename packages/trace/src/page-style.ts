/** Colours have a mark or a line style beside them, and keep 4.5:1 in both schemes. */
export const STYLE = `
:root{color-scheme:light dark;--ground:#fff;--panel:#f6f7f9;--ink:#16191d;--soft:#565e69;--line:#d5d9df;--good:#0f6b35;--warn:#8a5200;--bad:#b3152a;--gone:#6a3da5;--link:#0b57b0;--focus:#0b57b0}
@media (prefers-color-scheme:dark){:root{--ground:#14171b;--panel:#1c2126;--ink:#e9ecef;--soft:#a5adb8;--line:#39414a;--good:#5fd08c;--warn:#f0b35a;--bad:#ff8490;--gone:#c6a4f5;--link:#85b9ff;--focus:#85b9ff}}
*{box-sizing:border-box}
html{scroll-padding-top:5rem}
body{margin:0;background:var(--ground);color:var(--ink);font:15px/1.5 system-ui,sans-serif}
header,main,footer{max-width:76rem;margin:0 auto;padding:0 1.5rem}
header{padding-top:1.75rem}
h1{font-size:1.5rem;line-height:1.25;margin:0 0 .35rem;overflow-wrap:anywhere}
h2{font-size:1.1rem;margin:2.25rem 0 .6rem}
p{margin:.3rem 0}
.soft{color:var(--soft)}
a{color:var(--link)}
:focus-visible{outline:3px solid var(--focus);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-99rem}.skip:focus{left:1rem;top:1rem;background:var(--ground);padding:.5rem}
.counts{display:flex;flex-wrap:wrap;gap:.5rem;list-style:none;margin:.9rem 0 0;padding:0}
.counts li{border:1px solid var(--line);border-radius:999px;padding:.15rem .8rem;background:var(--panel)}
.find{position:sticky;top:0;z-index:2;background:var(--ground);border-bottom:1px solid var(--line);padding:.7rem 0;margin-top:1rem;display:flex;gap:.75rem;align-items:center;flex-wrap:wrap}
.find label{font-weight:600}
.find input{flex:1 1 18rem;font:inherit;color:inherit;background:var(--panel);border:1px solid var(--soft);border-radius:6px;padding:.4rem .6rem}
.draw{overflow:auto;border:1px solid var(--line);border-radius:8px;background:var(--panel);padding:.5rem}
.draw svg{display:block;font-family:system-ui,sans-serif}
.box rect{fill:var(--ground);stroke:var(--soft)}
.box.focus rect{stroke:var(--focus);stroke-width:2.5}
.box.gone rect{stroke:var(--gone);stroke-dasharray:2 4}
.box text{fill:var(--ink);font-size:13px}
.box .kind{fill:var(--soft);font-size:11px}
.box .name{font-weight:600}
.box .digest{fill:var(--soft);font:11px ui-monospace,monospace}
.edge path{fill:none;stroke:var(--good);stroke-width:1.6}
.edge text{font-size:11px;fill:var(--good);paint-order:stroke;stroke:var(--panel);stroke-width:4px}
.edge.unverified path{stroke:var(--warn);stroke-dasharray:7 4}.edge.unverified text{fill:var(--warn)}
.edge.failed path{stroke:var(--bad);stroke-width:3;stroke-dasharray:10 3 2 3}.edge.failed text{fill:var(--bad)}
.edge.missing path{stroke:var(--gone);stroke-dasharray:2 4}.edge.missing text{fill:var(--gone)}
#tip path{fill:var(--soft)}
.wide{overflow-x:auto}
table{border-collapse:collapse;width:100%;font-size:14px}
th,td{text-align:left;vertical-align:top;padding:.4rem .7rem .4rem 0;border-bottom:1px solid var(--line);overflow-wrap:anywhere}
th{font-weight:600;color:var(--soft);white-space:nowrap}
td.time,td.status{white-space:nowrap}
tr:target,details:target{background:var(--panel);outline:2px solid var(--focus)}
code,pre{font:12.5px/1.45 ui-monospace,monospace}
code{overflow-wrap:anywhere}
.s{font-weight:600}
.s.verified{color:var(--good)}.s.unverified{color:var(--warn)}.s.failed{color:var(--bad)}.s.missing{color:var(--gone)}
details{border:1px solid var(--line);border-radius:8px;margin:.5rem 0;padding:0 .9rem;background:var(--panel)}
summary{cursor:pointer;padding:.5rem 0;overflow-wrap:anywhere}
pre{white-space:pre-wrap;overflow-wrap:anywhere;max-height:28rem;overflow:auto;border-top:1px solid var(--line);padding-top:.6rem}
h3{font-size:.95rem;margin:.6rem 0 .2rem}
footer{padding-top:1.5rem;padding-bottom:2.5rem;color:var(--soft);font-size:13px}
[hidden]{display:none}
@media print{.find,.skip{display:none}:root{color-scheme:light;--ground:#fff;--panel:#fff;--ink:#000;--soft:#444;--line:#bbb;--good:#0f6b35;--warn:#8a5200;--bad:#b3152a;--gone:#6a3da5;--link:#000;--focus:#000}
body{font-size:10pt}header,main,footer{max-width:none;padding:0}.draw{overflow:visible;border:0;padding:0}.draw svg{max-width:100%;height:auto}
pre{max-height:none;overflow:visible}tr,summary{break-inside:avoid}h2{break-after:avoid}thead{display:table-header-group}}
`;
