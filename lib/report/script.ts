/**
 * What runs in the reader's browser: puts Vega's interactive views in the place of the drawings that are in the page
 * already, each when it comes near, and lets the reader choose. Without JavaScript the page is complete but for that.
 */
export const SCRIPT = String.raw`
(() => {
  const figures = JSON.parse(document.getElementById('figures').textContent);
  const narrow = matchMedia('(max-width: 640px)');
  const views = new Map();
  const chosen = new Map();
  const tip = document.body.appendChild(document.createElement('div'));
  tip.className = 'tip';
  tip.hidden = true;

  const toRows = (columns) => {
    const names = Object.keys(columns);
    return (columns[names[0]] || []).map((_, i) => Object.fromEntries(names.map((name) => [name, columns[name][i]])));
  };
  const pickOf = (id) => (figures[id].picks || [])[chosen.get(id) ?? figures[id].initial];
  const dataOf = (id) => Object.assign({}, figures[id].data, (pickOf(id) || {}).data);

  const showTip = (handler, event, item, value) => {
    if (!value || typeof value !== 'object') { tip.hidden = true; return; }
    tip.replaceChildren(...Object.entries(value).map(([name, text]) => {
      const line = document.createElement('div');
      const term = line.appendChild(document.createElement('span'));
      term.textContent = name;
      line.appendChild(document.createElement('b')).textContent = text;
      return line;
    }));
    tip.hidden = false;
    const { innerWidth: width, innerHeight: height } = window;
    tip.style.left = Math.max(4, Math.min(event.clientX + 14, width - tip.offsetWidth - 8)) + 'px';
    const below = event.clientY + 18;
    tip.style.top = (below + tip.offsetHeight > height ? event.clientY - tip.offsetHeight - 12 : below) + 'px';
  };

  const draw = async (chart) => {
    const id = chart.dataset.figure;
    const { specs } = figures[id];
    const spec = JSON.parse(JSON.stringify(narrow.matches ? specs.narrow : specs.wide));
    const data = dataOf(id);
    for (const set of spec.data || []) if (data[set.name]) set.values = toRows(data[set.name]);
    const place = document.createElement('div');
    place.className = 'live';
    place.ariaHidden = 'true'; // the chart around it is named
    const view = new vega.View(vega.parse(spec), { renderer: 'svg', container: place, hover: true, logLevel: vega.Error });
    view.tooltip(showTip);
    view.addEventListener('click', (event, item) => {
      if (item && item.datum && item.datum.weight != null) explain(chart, String(item.datum.weight));
    });
    const old = views.get(id);
    views.set(id, view);
    await view.runAsync();
    chart.querySelector('.live')?.remove();
    chart.appendChild(place);
    chart.classList.add('is-live');
    if (old) old.finalize();
  };

  const choose = async (id, index) => {
    chosen.set(id, index);
    const figure = document.getElementById(id);
    const pick = pickOf(id);
    const select = figure.querySelector('.picker select');
    if (select.selectedIndex !== index) select.selectedIndex = index;
    const facts = figure.querySelector('.picked');
    if (facts && pick.facts) facts.innerHTML = pick.facts;
    const view = views.get(id);
    if (!view) return;
    for (const [name, columns] of Object.entries(pick.data)) view.data(name, toRows(columns));
    await view.resize().runAsync();
    figure.dataset.shown = pick.value;
  };

  const explain = (chart, weight) => {
    const id = chart.dataset.explains;
    const index = id && figures[id].picks ? figures[id].picks.findIndex(({ value }) => value === weight) : -1;
    if (index < 0) return;
    choose(id, index);
    document.getElementById(id).scrollIntoView({ block: 'start' });
    document.getElementById(id).querySelector('select').focus({ preventScroll: true });
  };

  for (const figure of document.querySelectorAll('figure[data-picks]')) {
    const select = figure.querySelector('.picker select');
    const step = (by) => {
      const count = select.options.length;
      choose(figure.id, (select.selectedIndex + by + count) % count);
    };
    select.selectedIndex = figures[figure.id].initial;
    select.addEventListener('change', () => choose(figure.id, select.selectedIndex));
    figure.querySelector('.previous').addEventListener('click', () => step(-1));
    figure.querySelector('.next').addEventListener('click', () => step(1));
  }

  const charts = [...document.querySelectorAll('.chart')];
  const near = new IntersectionObserver((entries) => {
    for (const { isIntersecting, target } of entries) {
      if (!isIntersecting) continue;
      near.unobserve(target);
      draw(target);
    }
  }, { rootMargin: '300px' });
  for (const chart of charts) near.observe(chart);
  narrow.addEventListener('change', () => {
    for (const chart of charts) if (chart.classList.contains('is-live')) draw(chart);
  });
  addEventListener('scroll', () => { tip.hidden = true; }, { passive: true });
  document.documentElement.dataset.ready = 'true';
})();
`;
