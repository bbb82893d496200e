// What is recorded (page views, reading, clicks, forms), and the start.

// ---- Events, in the format of Segment's HTTP API

// The page on screen: {route, path, url, referrer, depth, visibleMs, visibleSince, minutes}.
let view = null;
// The utm_* parameters that brought the visitor, as pairs.
let campaign = [];

/** The part of the fragment that is a route, as in "#/pricing". The rest may hold a secret. */
function hashRoute() {
  return (/^#!?\/[^?&]*/.exec(location.hash) || [''])[0];
}

function route() {
  return location.pathname + hashRoute();
}

function thisPage() {
  return {
    path: location.pathname,
    url: (location.href.split('#')[0] + hashRoute()).slice(0, 2000),
    title: document.title.slice(0, 300),
    referrer: (view || document).referrer.slice(0, 2000),
  };
}

/** The utm_* parameters of this page's address, also of its fragment, as pairs. */
function campaignHere() {
  const fragment = location.hash.replace(/^#[^?]*\?|^#/, '&');
  return Array.from(new URLSearchParams(location.search + fragment)).filter(
    ([key, value]) => value && /^utm_(source|medium|campaign|term|content)$/.test(key),
  );
}

/** For a later page's form. */
function keepCampaign() {
  if (campaign[0]) session.set('baton.came', JSON.stringify(campaign));
}

function emit(type, parts, context) {
  if (isRefused()) return;
  const event = {
    type,
    messageId: newId(),
    timestamp: new Date().toISOString(),
    ...parts,
    context: {
      page: thisPage(),
      // Emails come in the working hours of the visitor's own place.
      timezone: Intl.DateTimeFormat().resolvedOptions().timeZone,
      ...context,
    },
  };
  waiting = waiting.concat(event).slice(-MAX_QUEUED);
  release();
}

function page(properties) {
  leaveView();
  // What the browser prepares is no visit: the page comes into view later, or never.
  if (isRefused() || document.prerendering) return;
  const { url, path } = thisPage();
  // In a single-page app the browser's referrer stays that of the first page.
  const referrer = view && view.url !== url ? view.url : document.referrer;
  view = {
    route: route(),
    url,
    path,
    referrer,
    depth: 0,
    visibleMs: 0,
    visibleSince: Date.now(),
    minutes: 0,
  };
  scrolled();
  const here = campaignHere();
  if (here[0]) campaign = here;
  // In Segment's names.
  const named = here.map(([key, value]) => [key === 'utm_campaign' ? 'name' : key.slice(4), value]);
  const context = here[0] && { campaign: Object.fromEntries(named) };
  emit('page', { properties: { ...thisPage(), ...properties } }, context);
  // A link of an email of ours says which click led here, at the end of the query, and only once.
  if (/.baton=/.test(url))
    history.replaceState(history.state, '', location.href.replace(/.baton=[^#]*/, ''));
  countMinute();
}

function track(event, properties) {
  emit('track', { event, properties: { ...properties } });
}

function identify(traits) {
  emit('identify', { traits: { ...traits } });
}

// ---- Reading: each visible minute; and once per view, how far down and how long in coarse steps

const ENGAGED_MINUTE = 'Engaged Minute';
const MAX_MINUTES = 30;
let minuteTimer = 0;

function step(value, steps) {
  return steps.filter((each) => each <= value).pop() || 0;
}

function scrolled() {
  if (!view) return;
  const height = document.documentElement.scrollHeight || 1;
  view.depth = Math.max(view.depth, ((scrollY + innerHeight) / height) * 100);
}

function visibilityChanged() {
  if (view && document.hidden) view.visibleMs += Date.now() - view.visibleSince;
  if (view) view.visibleSince = Date.now();
  if (document.hidden) handOver();
  countMinute();
}

/** Count one minute of the page on screen, and then the next. */
function countMinute() {
  clearTimeout(minuteTimer);
  if (!view || document.hidden || view.minutes === MAX_MINUTES) return;
  const seenMs = view.visibleMs + Date.now() - view.visibleSince;
  minuteTimer = setTimeout(() => {
    if (!view) return;
    view.minutes += 1;
    // Timers stand still while the machine sleeps: what it slept is no time that somebody looked.
    view.visibleMs = view.minutes * MINUTE_MS;
    view.visibleSince = Date.now();
    const { path, url, minutes } = view;
    track(ENGAGED_MINUTE, { path, url, minute: minutes });
    countMinute();
  }, (view.minutes + 1) * MINUTE_MS - seenMs);
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
  for (const { name: attribute, value } of element.attributes) {
    const key = (/^data-baton-(.+)/.exec(attribute) || [])[1];
    if (key === 'track') {
      name = value;
    } else if (SHORT[key]) {
      name = name || SHORT[key][0];
      properties[SHORT[key][1]] = value;
    } else if (key) {
      properties[key.replace(/-/g, '_')] = value;
    }
  }
  track(name, properties);
}

// ---- Forms that post to the API

// Form -> {body, id} of its last submission.
const sent = new WeakMap();
const MAX_FORM_RETRIES = 3;

function isOurs(form) {
  return new URL(form.getAttribute('action') || '', document.baseURI)
    .href.startsWith(API + '/v1/forms/');
}

/** Add what the API needs to join the visit to the person, to our own post and the browser's. */
function fillIn(event) {
  const data = event.formData;
  if (!isOurs(event.target)) return;
  data.set('_page_url', thisPage().url);
  if (allowed()) data.set('_visitor_id', visitorId());
  if (!isRefused()) {
    if (thisPage().referrer) data.set('_referrer', thisPage().referrer);
    const came = campaign[0] ? campaign : JSON.parse(session.get('baton.came')) || [];
    came.forEach(([key, value]) => data.set(key, value));
  }
  // The same content again is a repeat (a double click, "back" and send), other content is new.
  const body = JSON.stringify(Array.from(data));
  const last = sent.get(event.target);
  const id = last?.body === body ? last.id : newId();
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
  // Pressed again, while it is on its way.
  if (form.ariaBusy) return;
  form.ariaBusy = true;
  // How the visitor came arrives with what they say.
  handOver();
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
  setTimeout(() => { if (view && view.route !== route()) page(); });
}

/** Note that a link of the same site is followed. Only some browsers say so. */
function navigates({ userInitiated, formData, destination: { sameDocument, url } }) {
  if (!userInitiated || formData || sameDocument) return;
  if (url.startsWith(location.origin + '/')) stayingUntil = Date.now() + 5000;
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
document.addEventListener('prerenderingchange', () => page());
addEventListener('scroll', scrolled);
window.navigation?.addEventListener('navigate', navigates);
addEventListener('popstate', navigated);
addEventListener('hashchange', navigated);
addEventListener('online', () => { retries = 0; flushIn(0); });
addEventListener('pagehide', () => { leaveView(); handOver(); });
addEventListener('pageshow', ({ persisted }) => { if (persisted) page(); });

window.baton = { page, track, identify, consent, forget, visitorId };

// First, because a tool that is there already may know that nothing may be stored.
listenToTools();
if (!view) page();
