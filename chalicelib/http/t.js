/*
 * Baton's tracker. One line installs it; the API's address is that of this file:
 *
 *   <script defer src="https://api.example/t.js" data-baton></script>
 *
 * On the script:    data-baton-consent   nothing is stored or sent until baton.consent(true)
 *                   data-baton-reading   one coarse "Page Read" event when the visitor leaves a page
 *                   data-baton-key="..." the public write key, if the deployment has one
 * On any element:   data-baton-track="Name" data-baton-plan-id="x"   a click tracks Name {plan_id: "x"}
 *                   data-baton-download="asset"                      a click tracks "Asset Downloaded"
 *                   data-baton-favourite="product"                   a click tracks "Product Added to Wishlist"
 * On a form:        data-baton-then="#open"   post without leaving the page, then go there
 *                   data-baton-form="demo"    posts to that form of the API, for pages that cannot know its address
 *
 * Forms whose action is the API's are bound by themselves, and work without this file as well.
 */
(function () {
  'use strict';

  const script = document.currentScript || document.querySelector('script[data-baton]');
  if (!script || window.baton) return;

  const API = script.src.replace(/\/t\.js([?#].*)?$/, '');
  const MAX_QUEUED = 100; // older events give way: a visitor who is offline for weeks must not fill the storage
  const MAX_BATCH_CHARS = 20000; // at most 60 KB in UTF-8: browsers refuse keepalive requests and beacons over 64 KB
  const MAX_RETRIES = 5; // then the next event, page or "online" tries again
  const BATCH_DELAY_MS = 250;

  // ---- Storage: the browser's, or memory where it is blocked or full

  function openStore(area) {
    const memory = {};
    return {
      get(key) {
        try {
          const value = window[area].getItem(key);
          if (value !== null) return value;
        } catch (blocked) { /* memory, then */ }
        return key in memory ? memory[key] : null;
      },
      set(key, value) {
        try {
          window[area].setItem(key, value);
          delete memory[key];
        } catch (blockedOrFull) {
          this.remove(key);
          memory[key] = value;
        }
      },
      remove(key) {
        delete memory[key];
        try { window[area].removeItem(key); } catch (blocked) { /* nothing was stored */ }
      },
    };
  }

  const local = openStore('localStorage');
  const session = openStore('sessionStorage');

  // ---- Permission: a browser's privacy signal beats everything, then what the visitor chose

  function allowed() {
    if (navigator.globalPrivacyControl || navigator.doNotTrack === '1' || window.doNotTrack === '1') return false;
    const choice = local.get('baton.consent');
    return choice === 'yes' || (choice !== 'no' && !script.hasAttribute('data-baton-consent'));
  }

  function consent(given) {
    local.set('baton.consent', given ? 'yes' : 'no');
    if (given) {
      if (!view) page();
    } else {
      view = null;
      ['baton.visitor', 'baton.queue'].forEach(local.remove, local);
      session.remove('baton.campaign');
    }
  }

  // ---- The visitor

  function newId() {
    if (crypto.randomUUID) return crypto.randomUUID(); // only there on https and localhost
    return Array.from(crypto.getRandomValues(new Uint8Array(16)), (b) => b.toString(16).padStart(2, '0')).join('');
  }

  function visitorId() {
    if (!allowed()) return null;
    if (!local.get('baton.visitor')) local.set('baton.visitor', newId());
    return local.get('baton.visitor');
  }

  /** An answer may name a new visitor: the old one belongs to another person who used this browser. */
  function adopt(answer) {
    if (answer && typeof answer.visitor_id === 'string' && answer.visitor_id && allowed()) {
      local.set('baton.visitor', answer.visitor_id);
    }
  }

  // ---- The queue lives in storage, so what could not be sent today goes out with the next page.
  //      Sending twice is harmless: the API knows an event by its messageId and timestamp.

  let inFlight = [];
  let retries = 0;
  let timer = 0;

  function queued() {
    try { return JSON.parse(local.get('baton.queue')) || []; } catch (broken) { return []; }
  }

  function keep(events) {
    local.set('baton.queue', JSON.stringify(events.slice(-MAX_QUEUED)));
  }

  function without(events, gone) {
    const ids = gone.map((event) => event.messageId);
    return events.filter((event) => !ids.includes(event.messageId));
  }

  function nextBatch() {
    let chars = 0;
    return without(queued(), inFlight).filter((event, index) => {
      chars += JSON.stringify(event).length + 50; // 50: its sentAt
      return index === 0 || chars < MAX_BATCH_CHARS;
    });
  }

  function pack(events) {
    const sentAt = new Date().toISOString();
    return JSON.stringify({
      batch: events.map((event) => ({ ...event, sentAt })),
      sentAt,
      writeKey: script.getAttribute('data-baton-key') || undefined,
    });
  }

  function flushIn(delayMs) {
    clearTimeout(timer);
    timer = setTimeout(flush, delayMs);
  }

  function flush() {
    if (inFlight.length || navigator.onLine === false || !allowed()) return;
    const batch = nextBatch();
    if (!batch.length) return;
    inFlight = batch;
    const body = pack(batch);
    // A string goes out as text/plain: no preflight request.
    fetch(API + '/v1/batch', { method: 'POST', body, keepalive: body.length < MAX_BATCH_CHARS, credentials: 'omit' })
      .then((response) => {
        if (response.status === 429 || response.status >= 500) throw response;
        keep(without(queued(), batch)); // accepted, or refused for good
        retries = 0;
        return response.json().then(adopt, () => {});
      })
      .then(
        () => { inFlight = []; flushIn(0); },
        () => {
          inFlight = [];
          if (retries < MAX_RETRIES) flushIn(2 ** retries++ * 1000 * (1 + Math.random()));
        },
      );
  }

  /** The page may not live to see an answer: give the browser all that is not on its way. */
  function handOver() {
    if (navigator.onLine === false || !allowed()) return;
    for (let batch = nextBatch(); batch.length; batch = nextBatch()) {
      if (!navigator.sendBeacon(API + '/v1/batch', pack(batch))) return;
      keep(without(queued(), batch));
    }
  }

  // ---- Events, in the format of Segment's HTTP API

  let view = null; // the page being looked at: {url, path, referrer, depth, visibleMs, visibleSince}

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
    if (campaign) session.set('baton.campaign', JSON.stringify(campaign)); // for a form on a later page
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
  const SHORT = { download: ['Asset Downloaded', 'asset'], favourite: ['Product Added to Wishlist', 'product_id'] };

  function clicked(click) {
    const element = click.target.closest(CLICKABLE);
    if (!element) return;
    let name = '';
    const properties = {};
    Array.from(element.attributes).forEach((attribute) => {
      const key = (/^data-baton-(.+)/.exec(attribute.name) || [])[1];
      if (key === 'track') name = attribute.value;
      else if (SHORT[key]) [name, properties[SHORT[key][1]]] = [name || SHORT[key][0], attribute.value];
      else if (key) properties[key.replace(/-/g, '_')] = attribute.value;
    });
    track(name, properties);
  }

  // ---- Forms that post to the API

  const sent = new WeakMap(); // form -> {body, id} of its last submission

  function isOurs(form) {
    return new URL(form.getAttribute('action') || '', document.baseURI).href.startsWith(API + '/v1/forms/');
  }

  /** Runs for the browser's own post and for ours: adds what the API needs to join the visit to the person. */
  function fillIn(event) {
    const data = event.formData;
    if (!isOurs(event.target)) return;
    data.set('_page_url', thisPage().url);
    if (allowed()) {
      data.set('_visitor_id', visitorId());
      if (thisPage().referrer) data.set('_referrer', thisPage().referrer);
      const campaign = JSON.parse(session.get('baton.campaign')) || {};
      Object.keys(campaign).forEach((part) => data.set('utm_' + (part === 'name' ? 'campaign' : part), campaign[part]));
    }
    // The same content again is a repeat (a double click, "back" and send); changed content is a new submission.
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
    fetch(form.getAttribute('action'), {
      method: 'POST',
      body: new URLSearchParams(new FormData(form)),
      headers: { Accept: 'application/json' },
      credentials: 'omit',
    })
      .then((response) => (response.ok ? response.json() : Promise.reject(response)))
      .then((answer) => { adopt(answer); location.assign(then); })
      // The plain post shows the API's own answer; it is the same submission and counts once.
      .catch(() => HTMLFormElement.prototype.submit.call(form));
  }

  // ---- Start

  function navigated() {
    setTimeout(() => { if (view && view.path !== location.pathname) page(); }); // later: the app sets its title first
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
  window.addEventListener('online', () => { retries = 0; flush(); });
  window.addEventListener('pagehide', () => { leaveView(); handOver(); });
  window.addEventListener('pageshow', (event) => { if (event.persisted) page(); });

  window.baton = { page, track, identify, consent, visitorId };

  if (document.prerendering) document.addEventListener('prerenderingchange', () => page(), { once: true });
  else page();
})();
