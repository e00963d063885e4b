// Draws the pictures, and makes tables that can be sorted and filtered. Text from the data reaches the page as text only: through
// textContent, or through `plain` where plotly would read markup.
'use strict';
(() => {
  const { files, shown: data } = JSON.parse(document.getElementById('data').textContent);
  const root = document.documentElement;
  const byId = id => document.getElementById(id);

  /** Colours that are told apart, on white and on black. */
  const SERIES = ['#2f7fd1', '#d9651a', '#189a72', '#c46a9f', '#b88a00', '#4fa3d1', '#7f7f7f'];
  /** From this many points on they are drawn by WebGL, where there is one. */
  const MANY = 1500;
  /** Where there is little room, plotly's buttons would lie on the legend; fingers zoom without them. */
  const narrow = matchMedia('(max-width: 37rem)').matches;
  const CONFIG = { responsive: true, displaylogo: false, typesetMath: false, displayModeBar: narrow ? false : 'hover' };

  /** Text as plotly shows it unchanged. */
  const plain = text => String(text).replace(/&/g, '&amp;').replace(/</g, '&lt;').replace(/>/g, '&gt;');
  const short = text => plain(text.length > 30 ? `${text.slice(0, 29)}…` : text);
  /** A long text in lines. */
  const lines = text => (text.match(/.{1,48}/gs) || []).map(plain).join('<br>');
  const webgl = Boolean(document.createElement('canvas').getContext('webgl'));
  /** A logarithmic axis with its numbers written out. */
  const TICKS = [-3, -2, -1, 0, 1, 2, 3, 4, 5, 6, 7].flatMap(power => [1, 2, 5].map(digit => Number(`${digit}e${power}`)));
  const LOGARITHMIC = { type: 'log', tickmode: 'array', tickvals: TICKS, ticktext: TICKS.map(String) };

  // ---- theme

  const dark = () => (root.dataset.theme || (matchMedia('(prefers-color-scheme: dark)').matches ? 'dark' : 'light')) === 'dark';

  const ink = () => getComputedStyle(document.body).color;

  /** What every picture has in common, in the colours of the page. */
  function layout(more) {
    const paper = getComputedStyle(document.body).backgroundColor;
    const axis = { gridcolor: 'rgba(128,128,128,0.3)', zerolinecolor: 'rgba(128,128,128,0.8)', automargin: true };
    return {
      paper_bgcolor: paper, plot_bgcolor: paper,
      font: { color: ink(), family: 'system-ui, sans-serif', size: 13 },
      colorway: SERIES, margin: { l: 60, r: 16, t: 48, b: 60 }, hovermode: 'closest',
      hoverlabel: { bgcolor: paper, bordercolor: ink(), font: { color: ink() }, namelength: -1, align: 'left' },
      legend: { orientation: 'h', y: 1.02, yanchor: 'bottom', x: 0 },
      ...more,
      xaxis: { ...axis, ...more.xaxis }, yaxis: { ...axis, ...more.yaxis },
    };
  }

  // ---- choices

  /** Fills a list of choices; the chosen one stays where it can. */
  function offer(select, names) {
    const before = select.value;
    select.replaceChildren(...names.map(name => new Option(name, name)));
    if (names.includes(before)) select.value = before;
    select.parentElement.hidden = names.length < 2;
  }

  const names = list => list.map(item => item.name);
  const named = (list, name) => list.find(item => item.name === name) || list[0];
  /** What can be chosen, given what is chosen so far. */
  const OFFERS = {
    metric: () => [...data.metrics].sort((a, b) => (b === 'tau_b') - (a === 'tau_b')),
    group: () => names(data.groups),
    proxy: chosen => names(named(data.groups, chosen.group).proxies),
    repetition: chosen => [...new Set(named(data.groups, chosen.group).repetitions)].map(String),
    search: () => names(data.searches),
  };

  /** What is chosen for a picture. */
  function chosen(id) {
    const found = {};
    for (const select of document.querySelectorAll(`select[id^="${id}-"]`)) {
      const choice = select.id.slice(id.length + 1);
      offer(select, OFFERS[choice](found));
      found[choice] = select.value;
    }
    return found;
  }

  // ---- pictures: each gives traces, a layout, and what a reader who sees no picture is told

  const height = rows => Math.max(320, 110 + 24 * rows);
  /** An axis of names, the first on top; long ones are shortened where they are shown, not where they are told apart. */
  const categories = all => ({ type: 'category', autorange: 'reversed', tickmode: 'array', tickvals: all.map(plain), ticktext: all.map(short) });
  const estimates = (group, metric) => group.proxies.filter(proxy => proxy.estimates[metric]);
  const everyName = (groups, metric) => [...new Set(groups.flatMap(group => names(estimates(group, metric))))];
  /** The group that was chosen, or all where none is to be chosen. */
  const side = group => (group ? [named(data.groups, group)] : data.groups);

  function bars({ metric, group: only }, groups = side(only)) {
    const ceilings = metric === 'tau_b' ? groups.flatMap(group => group.ceiling ?? []) : [];
    const traces = groups.map(group => {
      const proxies = estimates(group, metric);
      const of = proxies.map(proxy => proxy.estimates[metric]);
      const ends = of.map(e => (e.low === null ? '' : `<br>${e.low.toFixed(4)} to ${e.high.toFixed(4)}`));
      return {
        type: 'bar', orientation: 'h', name: short(group.name),
        x: of.map(e => e.mean), y: proxies.map(proxy => plain(proxy.name)),
        error_x: {
          type: 'data', symmetric: false, thickness: 1.2, width: 3, color: ink(),
          array: of.map(e => (e.high === null ? 0 : e.high - e.mean)),
          arrayminus: of.map(e => (e.low === null ? 0 : e.mean - e.low)),
        },
        text: proxies.map((proxy, i) => `${plain(proxy.name)}<br>${plain(group.name)}<br>${of[i].mean.toFixed(4)}${ends[i]}`),
        textposition: 'none', hovertemplate: '%{text}<extra></extra>',
      };
    });
    const rows = traces.reduce((sum, trace) => sum + trace.x.length, 0);
    const title = plain(metric) + (ceilings.length ? '; dashed: the highest that the noise between training seeds allows' : '');
    const shapes = ceilings.map(x => ({ type: 'line', x0: x, x1: x, yref: 'paper', y0: 0, y1: 1, line: { width: 1.2, dash: 'dash', color: ink() } }));
    const more = { height: height(rows), xaxis: { title: { text: title } }, yaxis: categories(everyName(groups, metric)), showlegend: traces.length > 1, shapes };
    return [traces, more, `Bars of ${metric} of ${rows} proxies; the tables below have the numbers`];
  }

  function boxes({ metric, group: only }, groups = side(only)) {
    const traces = groups.map(group => {
      const points = estimates(group, metric).flatMap(proxy => proxy.estimates[metric].values.map(value => [value, plain(proxy.name)]));
      return {
        type: 'box', orientation: 'h', name: short(group.name), boxpoints: 'all', pointpos: 0, jitter: 0.5, marker: { size: 5 },
        fillcolor: 'rgba(0,0,0,0)', x: points.map(point => point[0]), y: points.map(point => point[1]),
      };
    });
    const rows = groups.reduce((sum, group) => sum + estimates(group, metric).length, 0);
    const more = { height: height(rows), boxmode: 'group', xaxis: { title: { text: plain(metric) } }, yaxis: categories(everyName(groups, metric)), showlegend: traces.length > 1 };
    return [traces, more, `Box plots of ${metric} over repetitions, of ${rows} proxies`];
  }

  /** The rows of a group that a scatter plot shows. */
  function rowsOf({ group, proxy, repetition }) {
    const of = named(data.groups, group);
    const { scores } = named(of.proxies, proxy);
    const visible = row => String(of.repetitions[row]) === repetition && scores[row] !== null && of.accuracies[row] !== null;
    return of.archs.map((_, row) => row).filter(visible);
  }

  /** Whether scores reach so far that only a logarithm shows them. */
  function spread(scores) {
    const sorted = [...scores].sort((a, b) => a - b);
    return sorted[0] > 0 && sorted[sorted.length - 1] > 1e3 * sorted[Math.floor(sorted.length / 2)];
  }

  function scatter(choice) {
    const of = named(data.groups, choice.group);
    const proxy = named(of.proxies, choice.proxy);
    const rows = rowsOf(choice);
    const [x, y] = [rows.map(row => proxy.scores[row]), rows.map(row => of.accuracies[row])];
    const trace = {
      type: rows.length > MANY && webgl ? 'scattergl' : 'scatter', mode: 'markers', x, y,
      marker: { size: rows.length > MANY ? 4 : 7, opacity: rows.length > MANY ? 0.5 : 0.8 },
      text: rows.map(row => lines(data.archs[of.archs[row]])),
      hovertemplate: `%{text}<br>score %{x}<br>accuracy %{y}<extra></extra>`,
    };
    const lower = proxy.lower_is_better ? ' (lower is better)' : '';
    const title = `${short(proxy.name)} score${lower}`;
    const more = {
      height: 460, xaxis: { title: { text: title }, type: spread(x) ? 'log' : 'linear' },
      yaxis: { title: { text: plain(of.accuracy).replace(', ', '<br>'), font: { size: 12 } } },
    };
    const all = of.rows > of.archs.length ? ` Every ${Math.round(of.rows / of.archs.length)}th architecture is in this page; the tables were made from all ${of.rows}.` : '';
    byId('note-scatter').textContent = `${rows.length} points.${all}`;
    return [[trace], more, `Scatter plot of ${rows.length} architectures: score of ${proxy.name} against ${of.accuracy}`];
  }

  function heat({ group }) {
    const { heat: map } = named(data.groups, group);
    const at = map.names.map(plain);
    const trace = {
      type: 'heatmap', x: at, y: at, z: map.values, zmin: -1, zmax: 1, colorscale: [[0, '#7fb0e0'], [0.5, '#f7f7f7'], [1, '#ee8a80']], textfont: { color: '#111111' },
      text: map.values.map(row => row.map(value => (value === null ? '' : value.toFixed(2)))), texttemplate: '%{text}',
      hovertemplate: '%{y}<br>%{x}<br>%{z:.4f}<extra></extra>', colorbar: { thickness: 12, outlinewidth: 0 },
    };
    const more = { height: Math.max(380, 130 + 30 * at.length), xaxis: { ...categories(map.names), autorange: true, tickangle: -45 }, yaxis: categories(map.names) };
    return [[trace], more, `Heat map of Kendall's tau-b between ${at.length - 1} proxies and the accuracy`];
  }

  function cost({ group, metric }) {
    const proxies = estimates(named(data.groups, group), metric).filter(proxy => proxy.cost !== null);
    const trace = {
      type: 'scatter', mode: 'markers+text', x: proxies.map(proxy => proxy.cost), y: proxies.map(proxy => proxy.estimates[metric].mean),
      text: proxies.map(proxy => short(proxy.name)), textposition: proxies.map((_, i) => (i % 2 ? 'bottom center' : 'top center')), marker: { size: 10 }, cliponaxis: false,
      hovertemplate: `%{text}<br>%{x} ms<br>%{y:.4f}<extra></extra>`,
    };
    const wide = Math.max(...trace.x) > 10 * Math.min(...trace.x);
    const more = { height: 420, xaxis: { ...(wide ? LOGARITHMIC : {}), title: { text: 'milliseconds for one score' } }, yaxis: { title: { text: plain(metric) } } };
    return [[trace], more, `Cost against ${metric} of ${proxies.length} proxies`];
  }

  function searches({ search }) {
    const of = named(data.searches, search);
    const traces = of.series.flatMap((line, i) => {
      const colour = SERIES[i % SERIES.length];
      const edge = sign => line.mean.map((mean, k) => mean + sign * line.spread[k]);
      const side = { x: line.x, mode: 'lines', line: { width: 0 }, hoverinfo: 'skip', showlegend: false, legendgroup: String(i) };
      const text = line.spread.map(spread => (spread > 0 ? ` ± ${spread.toPrecision(3)}` : ''));
      return [
        { ...side, y: edge(1) },
        { ...side, y: edge(-1), fill: 'tonexty', fillcolor: `${colour}2e` },
        {
          x: line.x, y: line.mean, mode: 'lines+markers', name: short(line.name), line: { color: colour }, legendgroup: String(i), text,
          hovertemplate: `%{fullData.name}<br>${plain(of.x)} %{x}<br>%{y}%{text}<extra></extra>`,
        },
      ];
    });
    const more = { height: 420, xaxis: { ...LOGARITHMIC, title: { text: plain(of.x) } }, yaxis: { title: { text: plain(of.y) } } };
    return [traces, more, `${of.y} by ${of.x}: ${names(of.series).join(', ')}`];
  }

  const PICTURES = { bars, boxes, scatter, heat, cost, searches };

  function draw(id) {
    const [traces, more, words] = PICTURES[id](chosen(id));
    byId(id).setAttribute('aria-label', words);
    Plotly.react(id, traces, layout(more), CONFIG);
    // Its buttons are pictures for a mouse; the tables have what they show.
    byId(id).querySelector('.modebar-container')?.setAttribute('aria-hidden', 'true');
  }

  const drawn = Object.keys(PICTURES).filter(byId);
  const redraw = () => drawn.forEach(draw);

  /** Shows a theme; none is that of the system. */
  function show(theme) {
    if (theme) root.dataset.theme = theme;
    else delete root.dataset.theme;
    byId('theme').setAttribute('aria-pressed', String(dark()));
    redraw();
  }

  // ---- tables

  function sort(head, table) {
    const column = head.cellIndex;
    const falling = head.getAttribute('aria-sort') !== 'descending' && column > 0 || head.getAttribute('aria-sort') === 'ascending';
    const key = row => (column > 0 ? parseFloat(row.cells[column].dataset.value) : row.cells[0].textContent);
    const sign = falling ? -1 : 1;
    const order = (a, b) => {
      const [x, y] = [key(a), key(b)];
      if (column === 0) return sign * x.localeCompare(y);
      // Cells without a number come last either way.
      return Number.isNaN(x) - Number.isNaN(y) || sign * (x - y) || 0;
    };
    table.tBodies[0].append(...[...table.tBodies[0].rows].sort(order));
    for (const other of table.tHead.rows[0].cells) other.removeAttribute('aria-sort');
    head.setAttribute('aria-sort', falling ? 'descending' : 'ascending');
  }

  function filter(input, table, status) {
    const wanted = input.value.toLowerCase();
    let left = 0;
    for (const row of table.tBodies[0].rows) {
      row.hidden = !row.textContent.toLowerCase().includes(wanted);
      left += !row.hidden;
    }
    status.textContent = wanted ? `${left} of ${table.tBodies[0].rows.length} rows` : '';
  }

  // ---- downloads

  function download(name, text) {
    const link = document.createElement('a');
    link.href = URL.createObjectURL(new Blob([text], { type: 'text/csv' }));
    link.download = name;
    link.click();
    setTimeout(() => URL.revokeObjectURL(link.href), 1000);
  }

  /** A field of a CSV file, which no spreadsheet takes for a formula. */
  function field(value) {
    if (typeof value === 'number') return String(value);
    const text = value === null ? '' : /^[=+\-@\t\r]/.test(value) ? `'${value}` : value;
    return /[",\r\n]/.test(text) ? `"${text.replace(/"/g, '""')}"` : text;
  }

  function points({ group }) {
    const of = named(data.groups, group);
    const head = ['repetition', 'arch', 'accuracy', ...names(of.proxies)];
    const row = (arch, i) => [of.repetitions[i], data.archs[arch], of.accuracies[i], ...of.proxies.map(proxy => proxy.scores[i])];
    return [head, ...of.archs.map(row)].map(line => line.map(field).join(',')).join('\n') + '\n';
  }

  // ---- what people do

  for (const id of drawn) {
    for (const select of document.querySelectorAll(`select[id^="${id}-"]`)) select.addEventListener('change', () => draw(id));
  }
  for (const section of document.querySelectorAll('section.table')) {
    const [table, input, status] = ['table', 'input', '[role=status]'].map(what => section.querySelector(what));
    for (const head of table.tHead.rows[0].cells) head.firstChild.addEventListener('click', () => sort(head, table));
    input.addEventListener('input', () => filter(input, table, status));
    const button = section.querySelector('.csv');
    button?.addEventListener('click', () => download(...files[button.dataset.file]));
  }
  byId('points')?.addEventListener('click', () => download('points.csv', points(chosen('scatter'))));
  byId('theme').addEventListener('click', () => show(dark() ? 'light' : 'dark'));
  matchMedia('(prefers-color-scheme: dark)').addEventListener('change', () => show(root.dataset.theme));
  let before;
  addEventListener('beforeprint', () => { before = root.dataset.theme; show('light'); });
  addEventListener('afterprint', () => show(before));
  show();
})();
