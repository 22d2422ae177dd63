'use strict';
// Shows that somebody asks, and opens the page on which it is decided. It keeps nothing, and answers no request.
self.addEventListener('install', () => self.skipWaiting());
self.addEventListener('activate', event => event.waitUntil(self.clients.claim()));
self.addEventListener('push', event => {
  let told = {};
  try { told = event.data?.json() ?? {}; } catch { /* something must be shown all the same */ }
  const path = typeof told.path === 'string' && /^\/approvals\/[0-9a-f-]{36}$/.test(told.path) ? told.path : '/approvals';
  event.waitUntil(self.registration.showNotification(String(told.title ?? 'An agent asks for your approval'), {
    body: 'An agent asks for your approval.', tag: path, data: { path }, icon: '/assets/icon-192.png', badge: '/assets/icon-192.png', requireInteraction: true,
  }));
});
self.addEventListener('notificationclick', event => {
  event.notification.close();
  const url = new URL(event.notification.data?.path ?? '/approvals', self.location.origin);
  event.waitUntil((async () => {
    for (const page of await self.clients.matchAll({ type: 'window', includeUncontrolled: true })) {
      if (new URL(page.url).pathname === url.pathname) return page.focus();
    }
    return self.clients.openWindow(url.href);
  })());
});
