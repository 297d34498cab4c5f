"""A button that copies the address of what is shown: sample, slice, model and options."""

import streamlit as st

_HTML = """<button type="button" aria-live="polite">Copy link</button>
"""

_CSS = """
button {
  min-height: 2.5rem; padding: 0 0.25rem; border: 0; background: transparent; cursor: pointer;
  font: inherit; font-size: 0.875rem; color: var(--st-text-color); white-space: nowrap;
  text-decoration: underline; text-underline-offset: 3px;
  border-radius: var(--st-button-radius, 4px);
}
button:hover { color: var(--st-link-color); }
button:focus-visible { outline: 2px solid var(--st-primary-color); outline-offset: 2px; }
@media print { button { display: none; } }
"""

# The clipboard proper needs https or this very machine; the older way works in a classroom too.
_JS = """
async function copy(text) {
  if (navigator.clipboard && window.isSecureContext) return navigator.clipboard.writeText(text);
  const field = document.createElement("textarea");
  field.value = text;
  document.body.append(field);
  field.select();
  const isCopied = document.execCommand("copy");
  field.remove();
  if (!isCopied) throw new Error("no clipboard");
}

export default function ({ parentElement }) {
  const button = parentElement.querySelector("button");
  const say = (text, title) => {
    button.textContent = text;
    button.title = title;
    button.setAttribute("aria-label", title);
  };
  const offer = () => say("Copy link", "Copy link to this view");
  offer();
  button.onclick = async () => {
    try {
      await copy(window.location.href);
      say("Link copied", "Link copied");
    } catch {
      say("Copy the address bar", "Copy the address bar: the clipboard is locked");
    }
    setTimeout(offer, 2500);
  };
}
"""

_component = st.components.v2.component("copy_link", html=_HTML, css=_CSS, js=_JS)


def copy_link() -> None:
    """Offer the address of this view, to be sent to a class or kept in notes."""
    _component(key="copy-link", width="content")
