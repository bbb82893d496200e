// The second part of the tracker, after visitor.js: what is recorded (page views, reading, clicks,
// forms), and the start.

// ---- Events, in the format of Segment's HTTP API

let view = null; // the page on screen: {url, path, referrer, depth, visibleMs, visibleSince}

function thisPage() {
  return {
    path: location.pathname,
    url: location.href.split('#')[0].slice(0, 2000), // a fragment may hold a secret
    title: document.title.slice(0, 300),
    referrer: (view ? view.referrer : document.referrer).slice(0, 2000),
  };
}

/** The utm_* parameters of this page's address, in Segment's names; null without any. */
function campaignHere() {
  const campaign = {};
  new URLSearchParams(location.search).forEach((value, key) => {
    const part = /^utm_(source|medium|campaign|term|content)$/.exec(key);
    if (part && value) campaign[part[1] === 'campaign' ? 'name' : part[1]] = value;
  });
  return Object.keys(campaign).length ? campaign : null;
}

function emit(type, parts, context) {
  if (!allowed()) return;
  const event = {
    type,
    anonymousId: visitorId(),
    messageId: newId(),
    timestamp: new Date().toISOString(),
    ...parts,
    context: { page: thisPage(), ...context },
  };
  keep(queued().concat(event));
  flushIn(BATCH_DELAY_MS);
}

function page(properties) {
  leaveView();
  if (!allowed()) return;
  const { url, path } = thisPage();
  // In a single-page app the browser's referrer stays that of the first page.
  const referrer = view && view.url !== url ? view.url : document.referrer;
  view = { url, path, referrer, depth: 0, visibleMs: 0, visibleSince: Date.now() };
  scrolled();
  const campaign = campaignHere();
  if (campaign) session.set('baton.campaign', JSON.stringify(campaign)); // for a later page's form
  emit('page', { properties: { ...thisPage(), ...properties } }, campaign ? { campaign } : {});
}

function track(name, properties) {
  emit('track', { event: name, properties: { ...properties } });
}

function identify(traits) {
  emit('identify', { traits: { ...traits } });
}

// ---- Reading: how far down and how long visible, once per view and in coarse steps

function step(value, steps) {
  return steps.filter((each) => each <= value).pop() || 0;
}

function scrolled() {
  if (!view) return;
  const height = document.documentElement.scrollHeight || 1;
  view.depth = Math.max(view.depth, ((window.scrollY + window.innerHeight) / height) * 100);
}

function visibilityChanged() {
  if (view && document.hidden) view.visibleMs += Date.now() - view.visibleSince;
  if (view) view.visibleSince = Date.now();
  if (document.hidden) handOver();
}

function leaveView() {
  if (!view || view.left || !script.hasAttribute('data-baton-reading')) return;
  view.left = true;
  if (!document.hidden) view.visibleMs += Date.now() - view.visibleSince;
  const seconds = step(view.visibleMs / 1000, [10, 30, 60, 180]);
  const percent = step(Math.ceil(view.depth), [25, 50, 75, 100]);
  if (seconds) track('Page Read', { path: view.path, url: view.url, seconds, percent });
}

// ---- Clicks

const CLICKABLE = '[data-baton-track],[data-baton-download],[data-baton-favourite]';
const SHORT = {
  download: ['Asset Downloaded', 'asset'],
  favourite: ['Product Added to Wishlist', 'product_id'],
};

function clicked(click) {
  const element = click.target.closest(CLICKABLE);
  if (!element) return;
  let name = '';
  const properties = {};
  Array.from(element.attributes).forEach(({ name: attribute, value }) => {
    const key = (/^data-baton-(.+)/.exec(attribute) || [])[1];
    if (key === 'track') {
      name = value;
    } else if (SHORT[key]) {
      name = name || SHORT[key][0];
      properties[SHORT[key][1]] = value;
    } else if (key) {
      properties[key.replace(/-/g, '_')] = value;
    }
  });
  track(name, properties);
}

// ---- Forms that post to the API

const sent = new WeakMap(); // form -> {body, id} of its last submission
const MAX_FORM_RETRIES = 3;

function isOurs(form) {
  const action = new URL(form.getAttribute('action') || '', document.baseURI).href;
  return action.startsWith(API + '/v1/forms/');
}

/** Add what the API needs to join the visit to the person, to our own post and the browser's. */
function fillIn(event) {
  const data = event.formData;
  if (!isOurs(event.target)) return;
  data.set('_page_url', thisPage().url);
  if (allowed()) {
    data.set('_visitor_id', visitorId());
    if (thisPage().referrer) data.set('_referrer', thisPage().referrer);
    const campaign = JSON.parse(session.get('baton.campaign')) || {};
    Object.entries(campaign).forEach(([part, value]) => {
      data.set('utm_' + (part === 'name' ? 'campaign' : part), value);
    });
  }
  // The same content again is a repeat (a double click, "back" and send), other content is new.
  const body = JSON.stringify(Array.from(data));
  const last = sent.get(event.target);
  const id = last && last.body === body ? last.id : newId();
  sent.set(event.target, { body, id });
  data.set('_submission_id', id);
}

function submitted(event) {
  const form = event.target;
  const id = form.getAttribute('data-baton-form');
  if (id) {
    form.setAttribute('action', API + '/v1/forms/' + id);
    form.setAttribute('method', 'post');
  }
  const then = form.getAttribute('data-baton-then');
  if (!then || event.defaultPrevented || !isOurs(form)) return;
  event.preventDefault();
  if (form.ariaBusy) return; // pressed again, while it is on its way
  form.ariaBusy = true;
  post(form.getAttribute('action'), new URLSearchParams(new FormData(form)), 0)
    .then((answer) => { adopt(answer); location.assign(then); })
    // The plain post shows the API's own answer. It is the same submission and counts once.
    .catch(() => HTMLFormElement.prototype.submit.call(form))
    .then(() => { form.ariaBusy = null; });
}

function post(url, body, tries) {
  const headers = { Accept: 'application/json' };
  return fetch(url, { method: 'POST', body, headers, credentials: 'omit' }).then((response) => {
    if (response.ok) return response.json();
    if (!isBusy(response) || tries === MAX_FORM_RETRIES) throw response;
    return new Promise((resume) => { setTimeout(resume, backOff(response, tries)); })
      .then(() => post(url, body, tries + 1));
  });
}

// ---- Start

function navigated() {
  // Later, because the app sets its title after it changed the address.
  setTimeout(() => { if (view && view.path !== location.pathname) page(); });
}

['pushState', 'replaceState'].forEach((name) => {
  const original = history[name];
  history[name] = function () {
    original.apply(this, arguments);
    navigated();
  };
});

document.addEventListener('click', clicked);
document.addEventListener('submit', submitted);
document.addEventListener('formdata', fillIn);
document.addEventListener('visibilitychange', visibilityChanged);
window.addEventListener('scroll', scrolled, { passive: true });
window.addEventListener('popstate', navigated);
window.addEventListener('online', () => { retries = 0; flushIn(0); });
window.addEventListener('pagehide', () => { leaveView(); handOver(); });
window.addEventListener('pageshow', (event) => { if (event.persisted) page(); });

window.baton = { page, track, identify, consent, visitorId };

if (document.prerendering) {
  document.addEventListener('prerenderingchange', () => page(), { once: true });
} else {
  page();
}
