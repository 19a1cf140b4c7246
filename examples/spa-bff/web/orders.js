// The orders: a list, and a form for the next one. The typed text is kept when the session ends, until it is sent.

import { ask } from './http.js';

const DRAFT = 'order';
const API = document.querySelector('meta[name=api]').content;

const form = document.getElementById('new-order');
const list = document.getElementById('orders');
const empty = document.getElementById('empty');
const status = document.getElementById('status');
const when = new Intl.DateTimeFormat(undefined, { dateStyle: 'medium', timeStyle: 'short' });

let tellProblem = () => {};

export async function showOrders(tell) {
  tellProblem = tell;
  const { orders } = await ask(`${API}/orders`);
  list.replaceChildren(...orders.map(row));
  count();
}

/** Places the order of the form. */
export function takeOrders(tell) {
  restore();
  document.getElementById('first-order').addEventListener('click', () => form.item.focus());
  form.addEventListener('input', keep);
  form.addEventListener('submit', async (event) => {
    event.preventDefault();
    const button = form.querySelector('button');
    button.disabled = true;
    tell('');
    try {
      show(await ask(`${API}/orders`, { method: 'POST', json: draft() }));
      sessionStorage.removeItem(DRAFT);
      form.reset();
      form.item.focus();
      count();
    } catch (error) {
      tell(error.message);
    } finally {
      button.disabled = false;
    }
  });
}

const draft = () => ({ item: form.item.value, quantity: form.quantity.valueAsNumber });
const keep = () => sessionStorage.setItem(DRAFT, JSON.stringify(draft()));

function restore() {
  const { item = '', quantity = 1 } = JSON.parse(sessionStorage.getItem(DRAFT) ?? '{}');
  form.item.value = item;
  form.quantity.value = quantity;
}

function count() {
  const number = list.children.length;
  status.textContent = number === 0 ? 'No orders yet' : number === 1 ? 'One order' : `${number} orders`;
  empty.hidden = number > 0;
}

/** The list may have been loaded meanwhile, with the new order in it. */
function show(order) {
  list.querySelector(`[data-id="${CSS.escape(order.id)}"]`)?.remove();
  list.prepend(row(order));
}

function row({ id, item, quantity, placed_at: placedAt }) {
  const time = make('time', 'note', when.format(new Date(placedAt)));
  time.dateTime = placedAt;
  const what = make('div', 'what', make('strong', '', item), make('span', 'note', `No. ${id} · `, time));
  const cancel = make('button', 'quiet', 'Cancel');
  cancel.type = 'button';
  cancel.ariaLabel = `Cancel order No. ${id}`;
  const entry = make('li', '', what, make('span', 'count', `× ${quantity}`), cancel);
  entry.dataset.id = id;
  cancel.addEventListener('click', () => cancelOrder(entry));
  return entry;
}

/** The API wants a second factor for it; http.js goes and gets one. */
async function cancelOrder(entry) {
  const button = entry.querySelector('button');
  button.disabled = true;
  tellProblem('');
  try {
    await ask(`${API}/orders/${entry.dataset.id}`, { method: 'DELETE' });
    entry.remove();
    count();
  } catch (error) {
    tellProblem(error.message);
    button.disabled = false;
  }
}

/** An element; strings become text nodes, never markup. */
function make(name, kind, ...children) {
  const element = document.createElement(name);
  if (kind) element.className = kind;
  element.append(...children);
  return element;
}
