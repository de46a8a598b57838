// Where quotations stand in a visit.

import { locate } from "./spans.js";

/** What a card needs to know of the visit; `texts` are those that stand in editors now. */
export function placesIn(visit, texts, { home = null, here = () => false }) {
  const documents = new Map((visit?.documents ?? []).map((document) => [document.id, document]));
  return {
    home,
    here,
    time: (id) => documents.get(id)?.event_at,
    text(quotation) {
      for (const text of candidates(documents.get(quotation.document), quotation, texts)) {
        const span = locate(text, quotation.quote, quotation.start_utf16);
        if (span) return { text, span };
      }
      return null;
    },
  };
}

/** Texts of the place, the live one first; a document may have two sections of one name. */
function candidates(document, { document: id, section }, texts) {
  const live = texts.filter((part) => part.document === id && part.section === (section ?? null)).map(({ text }) => text);
  const stored = section === null ? [document?.text] : (document?.sections ?? []).filter(({ name }) => name === section).map(({ text }) => text);
  return [...live, ...stored].filter((text) => typeof text === "string");
}

/** Most urgent first, as the report ranks them. */
export function ranked(findings) {
  return [...findings].sort((a, b) => (a.severity < b.severity ? -1 : a.severity > b.severity ? 1 : b.confidence - a.confidence));
}
