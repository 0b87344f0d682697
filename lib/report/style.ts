/** The page's style: one column of text, figures as cards, contents beside it where there is room. */
import { DARK, LIGHT } from './theme.js';

const properties = (colours: Readonly<Record<string, string>>): string =>
  Object.entries(colours)
    .map(([name, value]) => `--${name}:${value}`)
    .join(';');

export const STYLE = `
:root{color-scheme:light;${properties(LIGHT)};--radius:10px}
@media (prefers-color-scheme:dark){:root{color-scheme:dark;${properties(DARK)}}}
*{box-sizing:border-box}
html{scroll-behavior:smooth;scroll-padding-top:1.25rem;-webkit-text-size-adjust:100%}
@media (prefers-reduced-motion:reduce){html{scroll-behavior:auto}}
body{margin:0;background:var(--page);color:var(--ink);font:16px/1.6 system-ui,-apple-system,"Segoe UI",Roboto,"Noto Sans","DejaVu Sans",sans-serif;text-rendering:optimizeLegibility}
h1,h2,h3,.headline,.numbers b{font-family:"Iowan Old Style","Palatino Linotype",Palatino,"Book Antiqua",Charter,Georgia,"Noto Serif","DejaVu Serif",serif;font-weight:600;line-height:1.2;text-wrap:balance}
h1{font-size:clamp(2rem,1.4rem + 2.6vw,3.1rem);margin:0;letter-spacing:-.015em}
h2{font-size:1.7rem;margin:0 0 .35rem;letter-spacing:-.01em}
h3{font-size:1.08rem;margin:0;font-family:inherit;font-weight:650;line-height:1.35}
p{margin:.6rem 0;max-width:68ch;text-wrap:pretty}
a{color:var(--accent);text-underline-offset:.18em;text-decoration-thickness:.06em}
a.term{color:inherit;text-decoration-style:dotted;text-decoration-color:var(--accent)}
a.term:hover{color:var(--accent)}
:focus-visible{outline:2px solid var(--accent);outline-offset:2px;border-radius:3px}
.skip{position:absolute;left:-999rem;top:0;background:var(--ink);color:var(--page);padding:.7rem 1.1rem;z-index:20}
.skip:focus{left:0}
.shell{max-width:1120px;margin:0 auto;padding:0 1.25rem 4rem}
header.top{padding:3.2rem 0 2rem}
.eyebrow{font-size:.84rem;color:var(--soft);margin:0 0 .5rem;max-width:none}
.subtitle{color:var(--soft);margin:.5rem 0 0;max-width:none}
.headline{font-size:clamp(1.15rem,1rem + .8vw,1.45rem);font-weight:400;line-height:1.45;margin:.8rem 0 1.2rem;max-width:52ch;text-wrap:pretty}
.numbers{display:grid;grid-template-columns:repeat(4,1fr);margin:2rem 0 0;padding:0;list-style:none;border-top:1px solid var(--line);border-bottom:1px solid var(--line)}
.numbers li{padding:1rem 1rem 1rem 0}
.numbers li+li{border-left:1px solid var(--line);padding-left:1.1rem}
.numbers b{display:block;font-size:1.65rem;font-variant-numeric:lining-nums tabular-nums;letter-spacing:-.02em}
.numbers span{font-size:.86rem;color:var(--soft)}
nav.contents{margin-bottom:1rem}
nav.contents ol{list-style:none;margin:0;padding:0}
nav.contents a{display:block;padding:.24rem 0;color:var(--soft);text-decoration:none;font-size:.9rem}
nav.contents a:hover{color:var(--accent);text-decoration:underline}
main>section{padding-top:2.6rem}
main>section+section{margin-top:1rem}
.lead{font-size:1.05rem;color:var(--ink);max-width:62ch}
figure{margin:1.4rem 0 0;background:var(--panel);border:1px solid var(--line);border-radius:var(--radius);padding:1.15rem 1.25rem 1rem;break-inside:avoid}
figcaption{color:var(--soft);font-size:.9rem;line-height:1.55;margin-top:.8rem;max-width:74ch}
.chart{margin-top:.9rem;overflow-x:auto;overflow-y:hidden}
.chart svg{display:block;max-width:100%;height:auto}
.chart .live svg{overflow:visible}
.narrow{display:none}
.is-live>.wide,.is-live>.narrow{display:none!important}
.tools{display:flex;flex-wrap:wrap;gap:.35rem 1.2rem;align-items:baseline;margin-top:.7rem;font-size:.86rem}
.tools>details{flex:1 1 100%;order:2}
details summary{cursor:pointer;color:var(--accent);font-size:.9rem;padding:.2rem 0;width:fit-content}
.picker{display:none;gap:.5rem;flex-wrap:wrap;align-items:center;margin-top:.8rem;font-size:.9rem}
.js .picker{display:flex}
.picker select,.picker button{font:inherit;color:var(--ink);background:var(--page);border:1px solid var(--line);border-radius:7px;padding:.38rem .7rem;min-height:2.4rem}
.picker select{min-width:min(17rem,100%);max-width:100%}
.picker button{cursor:pointer}
.picker button:hover,.picker select:hover{border-color:var(--accent)}
dl.facts{display:grid;grid-template-columns:repeat(auto-fill,minmax(min(21rem,100%),1fr));gap:0 2.2rem;margin:.8rem 0}
dl.facts div{display:grid;grid-template-columns:8.5rem 1fr;gap:.6rem;padding:.42rem 0;border-bottom:1px solid var(--grid)}
dl.facts dt{color:var(--soft)}
dl.facts dd{margin:0;overflow-wrap:anywhere}
figure dl.facts{font-size:.92rem;grid-template-columns:repeat(auto-fill,minmax(min(18rem,100%),1fr))}
dl.glossary{columns:2;column-gap:2.6rem;margin:1rem 0}
dl.glossary div{break-inside:avoid;padding:.15rem 0 .9rem;scroll-margin-top:2rem}
dl.glossary div:target dt{color:var(--accent)}
dl.glossary dt{font-weight:650}
dl.glossary dd{margin:.1rem 0 0;color:var(--soft);font-size:.94rem}
.scroll{overflow-x:auto;margin:1.2rem 0}
table{border-collapse:collapse;width:100%;font-size:.92rem;font-variant-numeric:tabular-nums}
caption{text-align:left;color:var(--soft);font-size:.88rem;padding-bottom:.6rem;line-height:1.5}
th,td{text-align:left;padding:.46rem .9rem .46rem 0;border-bottom:1px solid var(--grid);vertical-align:top}
thead th{font-weight:500;color:var(--soft);border-bottom-color:var(--line);vertical-align:bottom}
tbody th{font-weight:500;white-space:nowrap}
.n{text-align:right;padding-right:0;padding-left:.9rem}
td.n{white-space:nowrap}
tr.network th::before{content:"";display:inline-block;width:.6rem;height:.6rem;border-radius:50%;margin-right:.5rem;background:var(--dense)}
tr.ticket th::before{background:var(--ticket)}tr.random th::before{background:var(--random)}tr.magnitude th::before{background:var(--magnitude)}tr.shuffled th::before{background:var(--shuffled)}tr.placebo th::before{background:var(--placebo)}
tr.ticket th,tr.ticket td{font-weight:650}
.missing{color:var(--soft);border:1px dashed var(--line);border-radius:var(--radius);padding:.8rem 1.1rem;max-width:none}
.note{background:var(--panel);border:1px solid var(--line);border-radius:var(--radius);padding:.9rem 1.2rem;margin:1.2rem 0}
.note h3{margin:0}
.chapter-head{border-top:3px solid var(--ink);margin-top:4rem;padding-top:1.6rem}
.chapter-head h2{font-size:2.2rem}
.tip{position:fixed;z-index:10;pointer-events:none;background:var(--ink);color:var(--page);font-size:.82rem;line-height:1.45;padding:.45rem .65rem;border-radius:6px;max-width:17rem}
.tip div{display:flex;justify-content:space-between;gap:1rem}
.tip span{opacity:.78}.tip b{font-weight:600;font-variant-numeric:tabular-nums}
footer{margin-top:3.5rem;padding-top:1.2rem;border-top:1px solid var(--line);color:var(--soft);font-size:.86rem}
@media (min-width:1020px){
.columns{display:grid;grid-template-columns:10.5rem minmax(0,1fr);gap:3rem}
nav.contents{position:sticky;top:0;align-self:start;max-height:100vh;overflow-y:auto;padding:3rem 0 1rem}
}
@media (max-width:1019px){
nav.contents{border-bottom:1px solid var(--line);padding:.2rem 0 .9rem}
nav.contents ol{display:flex;flex-wrap:wrap;gap:0 1.2rem}
nav.contents .chapter{flex-basis:100%}
}
@media (max-width:640px){
.shell{padding:0 1rem 3rem}
header.top{padding:1.8rem 0 1.2rem}
.numbers{grid-template-columns:1fr 1fr}
.numbers li{padding:.8rem .5rem .8rem 0}
.numbers li:nth-child(3){border-left:0;padding-left:0}
.numbers li:nth-child(n+3){border-top:1px solid var(--line)}
.numbers b{font-size:1.4rem}
figure{margin-left:-1rem;margin-right:-1rem;border-radius:0;border-left:0;border-right:0;padding:1rem}
.wide{display:none}.narrow{display:block}
dl.facts div{grid-template-columns:6.6rem 1fr}
dl.glossary{columns:1}
nav.contents a{padding:.42rem 0}
}
@media print{
:root{color-scheme:light;${properties(LIGHT)};--page:#fff}
body{font-size:10.5pt}
.shell{max-width:none;padding:0}
.columns{display:block}
nav.contents,.picker,.tools,.skip,.tip{display:none!important}
figure,.note{border-color:#ccc}
section h2{break-after:avoid}
a{color:inherit;text-decoration:none}
}
`;
