/** How the assistant behaves in a conversation, as the person likes it; kept in this browser. */
export const EAGERNESS = ["auto", "low", "medium", "high"];
export const DEFAULT_MANNERS = {
    eagerness: "auto",
    openers: true,
    listeningSignals: false,
    ignoreSideTalk: false,
};
/** What was kept; the default of whatever is missing or is nothing that we wrote. */
export function parseManners(text) {
    const kept = object(text);
    const eagerness = EAGERNESS.find((name) => name === kept["eagerness"]) ?? DEFAULT_MANNERS.eagerness;
    const flag = (name) => {
        const value = kept[name];
        return typeof value === "boolean" ? value : DEFAULT_MANNERS[name];
    };
    return {
        eagerness,
        openers: flag("openers"),
        listeningSignals: flag("listeningSignals"),
        ignoreSideTalk: flag("ignoreSideTalk"),
    };
}
function object(text) {
    try {
        const value = JSON.parse(text ?? "{}");
        return typeof value === "object" && value !== null ? { ...value } : {};
    }
    catch {
        return {};
    }
}
