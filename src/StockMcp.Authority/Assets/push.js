'use strict';
// Switches notifications on and off in this browser.
(async () => {
  const card = document.getElementById('push');
  if (!card) return;
  const [status, on, form] = ['status', 'on', 'form'].map(name => card.querySelector(`[data-push=${name}]`));
  if (!('serviceWorker' in navigator) || !('PushManager' in window) || !('Notification' in window)) {
    status.textContent = /iPhone|iPad/.test(navigator.userAgent) ? 'On this device, add this page to the home screen first; then switch notifications on there.' : 'This browser has no notifications.';
    return;
  }
  const show = text => { status.textContent = text; };
  const send = (action, fields) => {
    const body = new URLSearchParams(new FormData(form));
    for (const [name, value] of Object.entries(fields)) body.set(name, value);
    return fetch(action, { method: 'POST', body, credentials: 'same-origin' });
  };
  const bytes = text => Uint8Array.from(atob(text.replaceAll('-', '+').replaceAll('_', '/')), character => character.charCodeAt(0));
  const encode = buffer => btoa(String.fromCharCode(...new Uint8Array(buffer))).replaceAll('+', '-').replaceAll('/', '_').replaceAll('=', '');
  try {
    const worker = await navigator.serviceWorker.register('/service-worker.js', { scope: '/approvals', updateViaCache: 'none' });
    const known = await worker.pushManager.getSubscription();
    const isOurs = known && card.querySelector('[data-subscription]') && known.options.applicationServerKey && encode(known.options.applicationServerKey) === card.dataset.key;
    if (isOurs && Notification.permission === 'granted') { show('Notifications are on in this browser.'); return; }
    if (Notification.permission === 'denied') { show('This browser does not allow notifications of this page. Allow them in its settings for this site.'); return; }
    show('They are off in this browser.');
    on.hidden = false;
    on.addEventListener('click', async () => {
      on.disabled = true;
      try {
        if (await Notification.requestPermission() !== 'granted') { show('This browser does not allow notifications of this page. Allow them in its settings for this site.'); return; }
        await (await worker.pushManager.getSubscription())?.unsubscribe();
        const subscription = await worker.pushManager.subscribe({ userVisibleOnly: true, applicationServerKey: bytes(card.dataset.key) });
        const answer = await send('/approvals/push', { endpoint: subscription.endpoint, p256dh: encode(subscription.getKey('p256dh')), auth: encode(subscription.getKey('auth')) });
        if (answer.ok) { location.reload(); return; }
        await subscription.unsubscribe();
        show('It could not be switched on: reload this page and try again.');
      } catch {
        show('This browser could not reach its service for notifications. Try again later.');
      } finally {
        on.disabled = false;
      }
    });
  } catch {
    show('This browser does not let this page show notifications.');
  }
})();
