package diag

// A Fix is an edit of one document that puts right what a finding is about. It says what to change in
// the document's values; whoever carries it out keeps comments and layout.
type Fix struct {
	Title string `json:"title"` // what it does, as a command: "remove statement 2"
	// Document is where the first key of the document stands.
	Document Position `json:"document"`
	// Safe says that the edit changes no access: it may be made without asking.
	Safe bool `json:"safe"`
	// Edits are made in order; each pointer is into the document as the ones before leave it.
	Edits []Edit `json:"edits"`
}

// An Edit changes one value of a document.
type Edit struct {
	Op      string `json:"op"`              // Remove, Replace or Add
	Pointer string `json:"pointer"`         // JSON pointer: "/policy/2/resources/1"; "/policy/-" adds at the end
	Value   any    `json:"value,omitempty"` // what to replace with, or to add: anything that JSON has
}

// The values of Edit.Op, as JSON Patch has them.
const (
	Remove  = "remove"
	Replace = "replace"
	Add     = "add"
)
