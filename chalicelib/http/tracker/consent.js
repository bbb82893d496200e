// Whether anything may be recorded. A browser's privacy signal beats everything, then a refusal by
// baton.consent(false), then what the page's consent tool says, then baton.consent(true), then the
// snippet.

// What is heard of a consent tool is its answer for one purpose. Each tool has its own name for it.
const FOR_MARKETING = script.getAttribute('data-baton-purpose') === 'marketing';
const CATEGORY = FOR_MARKETING ? 'marketing' : 'statistics';
const ONETRUST_GROUP = FOR_MARKETING ? 'C0004' : 'C0002';
const GOOGLE_STORAGE = FOR_MARKETING ? 'ad_storage' : 'analytics_storage';

// What the consent tool last said; null while it has said nothing.
let heard = null;
let isDeclined = false;
// Events seen before consent: in memory only, so that they are gone with the page.
let waiting = [];

function isSignalled() {
  return navigator.globalPrivacyControl || navigator.doNotTrack === '1';
}

function allowed() {
  if (isRefused()) return false;
  if (heard !== null) return heard;
  return local.get('baton.consent') === 'yes'
    || script.getAttribute('data-baton-consent') === 'assumed';
}

/** Whether the visitor has said no. Then events do not even wait. */
function isRefused() {
  return isSignalled() || isDeclined || local.get('baton.consent') === 'no';
}

/** Queue the events that wait, once they may be recorded. */
function release() {
  if (!waiting.length || !allowed()) return;
  const anonymousId = visitorId();
  keep(queued().concat(waiting.map((event) => ({ ...event, anonymousId }))));
  const isPatient = waiting.every(({ event }) => event === ENGAGED_MINUTE);
  waiting = [];
  keepCampaign();
  flushSoon(isPatient ? MINUTE_MS : BATCH_DELAY_MS);
}

function clear() {
  view = null;
  waiting = [];
  ['baton.visitor', 'baton.queue'].forEach(local.remove, local);
  session.remove('baton.came');
}

/**
 * Take what a consent tool says. A no before the visitor has answered is no refusal: the tool may
 * not know yet what they said on an earlier page, and their visitor id must survive that.
 */
function hear(given, isAnswer) {
  if (given == null) return;
  const isWithdrawn = heard && !given;
  heard = Boolean(given);
  if (heard) {
    isDeclined = false;
    if (view) release();
    else page();
  } else if (isAnswer || isWithdrawn) {
    isDeclined = true;
    clear();
  }
}

function consent(given) {
  if (isSignalled()) return;
  local.set('baton.consent', given ? 'yes' : 'no');
  hear(Boolean(given), true);
}

/** Delete what this browser keeps for us, the choice too. */
function forget() {
  clear();
  local.remove('baton.consent');
}

// ---- Consent tools. Each function answers true or false, or nothing while its tool is not there.

function cookiebot() {
  return window.Cookiebot?.consent?.[CATEGORY];
}

function oneTrust() {
  const groups = window.OnetrustActiveGroups;
  return groups && `,${groups},`.includes(`,${ONETRUST_GROUP},`);
}

/** Borlabs Cookie 3, or 2. */
function borlabs() {
  const tool = window.BorlabsCookie;
  const ask = tool?.Consents?.hasConsentForServiceGroup || tool?.checkCookieGroupConsent;
  return ask?.call(tool.Consents || tool, CATEGORY);
}

/** Usercentrics 2: all services of the category, which it may not have. */
function usercentrics() {
  const services = window.UC_UI?.getServicesBaseInfo();
  const of = (name) => services?.filter?.((one) => one.categorySlug === name) || [];
  const ours = of(CATEGORY).concat(of(CATEGORY)[0] ? [] : of('marketing'));
  return ours[0] && ours.every((one) => one.consent?.status);
}

/** Usercentrics 3: the details that its event brings. */
function usercentrics3(details) {
  const category = details?.categories?.[CATEGORY] || details?.categories?.marketing;
  hear(category && category.state === 'ALL_ACCEPTED', details?.consent?.type === 'EXPLICIT');
}

/** Google's Consent Mode: a command of the data layer. */
function google(command) {
  if (command?.[0] !== 'consent') return;
  const said = command[2]?.[GOOGLE_STORAGE];
  const given = said === 'granted';
  const isUpdate = command[1] === 'update';
  // A default for some regions only: we do not know the visitor's, so only a no counts.
  if (!said || (given && command[2].region)) return;
  // Of several defaults a no counts: which one is the visitor's, only Google knows.
  if (isUpdate || heard === null || !given) hear(given, isUpdate);
}

/** Whether the visitor has answered, and a tool not only come to be there. */
function isAnswer({ type, detail }) {
  const isSaid = /accept|decline|deny|save/i.test(type + detail?.type);
  return isSaid || window.OneTrust?.IsAlertBoxClosed?.();
}

/** Read a tool now, and whenever one of its events says that it knows more. */
function listenTo(read, names) {
  const tell = (event) => {
    try { hear(read(), event && isAnswer(event)); } catch { }
  };
  // Capturing, so that it does not matter whether they are fired at the document or the window.
  names.split(' ').forEach((name) => addEventListener(name, tell, true));
  tell();
}

function listenToTools() {
  listenTo(cookiebot, 'CookiebotOnConsentReady CookiebotOnAccept CookiebotOnDecline');
  listenTo(oneTrust, 'OneTrustGroupsUpdated');
  listenTo(borlabs, 'borlabs-cookie-after-init borlabs-cookie-consent-saved');
  listenTo(usercentrics, 'UC_UI_INITIALIZED UC_UI_CMP_EVENT');
  addEventListener('UC_CONSENT', ({ detail }) => usercentrics3(detail), true);
  window.__ucCmp?.getConsentDetails?.().then(usercentrics3, () => {});
  window.dataLayer = window.dataLayer || [];
  const { push } = window.dataLayer;
  window.dataLayer.push = function () {
    Array.from(arguments).forEach(google);
    return push.apply(this, arguments);
  };
  Array.from(window.dataLayer).forEach(google);
}
