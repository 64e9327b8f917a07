// What counts as an address for an answer, as the desk sees it (`is_mail_address` and `is_phone_number` in bridge/contract/message.py; the
// same examples test both). A number must name its country: without that no text can be sent. The desk has the last word.

const ADDRESS = /^([^\s@]+@([^\s@.]+\.)+[^\s@.]{2,}|\+[\d ().-]{5,})$/;

/** Whether an answer can be sent there: `kinds` is "mail", "phone" or "mail-phone". */
export const isAddress = (text: string, kinds: string): boolean =>
  kinds.includes(text.includes("@") ? "mail" : "phone") && ADDRESS.test(text);
export const isMail = (text: string): boolean => isAddress(text, "mail");
