// Package layout writes roles, teams and members as YAML, and rewrites YAML files in the same layout.
//
// The layout, in one breath: keys in a fixed order; two spaces a level, lists indented under
// their key; a list of scalars on one line where it fits into [Width] columns, else one element a
// line; a mapping on one line only where its author wrote it so and it still fits; statements
// always one key a line; plain scalars where nothing could be misread, else double quotes, and
// always double quotes around resource specifiers; text of several lines as a literal block, text
// too long for its line folded; comments behind a value after two spaces; one blank line where
// there were some, none at the start of a block, and never one that was not there.
//
// Invariant: formatting changes how a file looks and nothing else. [Format] proves that on each
// call: it reads its own output back and compares values, types, anchors and comments with those
// of the input. Where the proof fails it returns an error and no file. yaml.v3 is trusted with
// parsing only; its encoder moves or loses comments, so comments are found in the source text
// and the text is written here.
//
// The package must not judge what a file says: a misspelt key or a nonsensical policy is laid out
// like any other. It does not read or write files.
package layout

import (
	"bytes"
	"fmt"

	"github.com/rolewright/rolewright/reconcile/role"
)

// Width is how many columns a line may have before a list or text is spread over several. A
// single scalar that cannot be broken, and comments, may go beyond.
const Width = 100

// MaxDepth is how many levels of collections [Format] follows; the files that rolewright reads have
// fewer.
const MaxDepth = 64

// Error says why and where a file cannot be laid out without losing something.
type Error struct {
	role.Pos      // zero if it is about the whole file
	Message, Hint string
}

// Error returns "layout: line 3, column 5: " and the message, without the hint.
func (e *Error) Error() string {
	if e.Line == 0 {
		return "layout: " + e.Message
	}
	return fmt.Sprintf("layout: line %d, column %d: %s", e.Line, e.Column, e.Message)
}

// Write returns r as one YAML document, the way `export` writes files. The first line names the
// JSON Schema at schemaPath to editors, unless schemaPath is empty; it must not hold line breaks.
// Fields that say nothing (an empty description, category, or list) are left out. Statements and
// lists keep their order. What is not valid UTF-8 becomes U+FFFD, since YAML cannot hold it.
func Write(r role.Role, schemaPath string) []byte { return written(roleNode(r), schemaPath) }

// WriteTeam is [Write] for a team: its key and name, its description if it has one, and all of its
// roles and role attributes, none included, so that the file says what the team holds.
func WriteTeam(t role.Team, schemaPath string) []byte { return written(teamNode(t), schemaPath) }

// WriteMember is [Write] for a member: the e-mail address, the base role unless files cannot give it
// (owner), and all of the roles and role attributes, none included.
func WriteMember(m role.Member, schemaPath string) []byte { return written(memberNode(m), schemaPath) }

// written returns the text of a document that names its schema.
func written(root *node, schemaPath string) []byte {
	d := &document{root: root}
	if schemaPath != "" {
		d.head = []string{"# yaml-language-server: $schema=" + schemaPath}
	}
	arrange(d.root)
	return emit([]*document{d})
}

// Format returns src, the text of a file of one or more YAML documents, in canonical layout. Its
// result is a fixed point: formatted again it stays the same.
//
// Comments are kept. One on its own line stays above the key or element that it stands above, or
// at the end of the block that its indentation says; one behind a value stays behind it. Comments
// above the first key of a document stay at the top of the document, whatever key comes to stand
// first. Comments inside brackets spread the list over several lines.
//
// The error is an [*Error] where src uses what could not be kept (tags, directives, document end
// markers, keys that are not scalars, documents that are not mappings, more than [MaxDepth]
// levels), and yaml.v3's own, wrapped, where src does not parse.
func Format(src []byte) ([]byte, error) {
	before, err := parse(src)
	if err != nil {
		return nil, err
	}
	docs, err := build(before)
	if err != nil {
		return nil, err
	}
	for _, d := range docs {
		arrange(d.root)
		if err := before.checkAliases(d.root); err != nil {
			return nil, err
		}
	}
	out := emit(docs)
	if bytes.Equal(out, src) {
		return out, nil
	}
	if err := prove(before, out); err != nil {
		return nil, err
	}
	return out, nil
}
