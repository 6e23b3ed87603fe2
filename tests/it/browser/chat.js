// Finds what the page of the chat shows. Put behind finders.js; it knows the ids in index.html.
const byId = (id) => document.getElementById(id);
const rows = () => [...document.querySelectorAll("#list > .line:not(.event)")];
/** What was said; the clock of a line that waits stands behind it. */
const words = (row) => {
    const [text, state] = [".text", ".text > .state"].map((part) => row.querySelector(part)?.innerText ?? "");
    return state ? text.slice(0, text.length - state.length).trimEnd() : text;
};
/** The texts of the lines in the list, own waiting ones too. */
const said = () => rows().map(words);
/** Those with the clock that are not in the database yet, and those that were refused. */
const waits = () => rows().filter((row) => row.classList.contains("wait")).map(words);
const failed = () => rows().filter((row) => row.classList.contains("failed")).map(words);
const row = (text) => rows().find((one) => words(one).includes(text));
const box = () => byId("words");
/** Whether the page is in the chat, with the history of its place. */
const inside = () => !byId("chat").hidden && !document.querySelector("#list .grey") && byId("list").children.length > 0;
const dump = () => said().join("\n");
