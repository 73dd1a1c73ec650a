const tabs = [...document.querySelectorAll('[role="tab"]')];

/**
 * Shows the view that the hash names, or the first one. Behind the view's name the hash may have a text: #events/7.
 *
 * @param {(view: string, text: string) => void} onShow
 */
export function startTabs(onShow) {
  const showFromHash = () => {
    const [, name = '', text = ''] = /^#([\w-]*)\/?(.*)$/.exec(location.hash) ?? [];
    const isView = tabs.some((tab) => viewOf(tab) === name);
    const target = isView ? null : document.getElementById(name);
    const view = isView ? name : viewAround(target);
    select(view);
    onShow(view, decodeText(text));
    target?.scrollIntoView();
    return target;
  };
  for (const tab of tabs) tab.addEventListener('keydown', moveByKey);
  addEventListener('hashchange', () => {
    if (!showFromHash()) window.scrollTo(0, 0);
  });
  showFromHash();
}

function viewOf(tab) {
  return tab.hash.slice(1);
}

/** An anchor inside of a view shows that view. */
function viewAround(target) {
  return target?.closest('[role="tabpanel"]')?.id.replace('view-', '') ?? viewOf(tabs[0]);
}

function select(view) {
  for (const tab of tabs) {
    const isSelected = viewOf(tab) === view;
    tab.setAttribute('aria-selected', String(isSelected));
    tab.tabIndex = isSelected ? 0 : -1;
    document.getElementById(`view-${viewOf(tab)}`).hidden = !isSelected;
  }
}

function moveByKey(event) {
  const index = tabs.indexOf(event.currentTarget);
  const targets = {
    ArrowLeft: index - 1,
    ArrowRight: (index + 1) % tabs.length,
    Home: 0,
    End: -1,
  };
  if (!(event.key in targets)) return;
  event.preventDefault();
  const tab = tabs.at(targets[event.key]);
  location.hash = tab.hash;
  tab.focus();
}

function decodeText(text) {
  try {
    return decodeURIComponent(text);
  } catch {
    return text;
  }
}
