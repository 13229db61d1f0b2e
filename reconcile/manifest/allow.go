package manifest

import (
	"bytes"
	"fmt"
	"strconv"
	"strings"
	"unicode/utf8"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/internal/pattern"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Findings that are meant. A comment in a file says so where it stands:
//
//	# rolewright:allow LD105, LD102 until 2027-01-01: the import writes both
//
// Behind a value it covers the findings on its line, and those in the key or element that it
// stands behind. On a line of its own it covers those in the key, element or document that
// follows. "until" names the last day, UTC; the reason is no choice. In rolewright.yaml lint.allow
// says the same of whole roles, teams and members.
//
// What is read here is who allows what; whether there is such a rule, and what it finds, is known
// to package lint.

// Allow says that findings of some rules are meant.
type Allow struct {
	Codes  []AllowedCode
	Reason string
	// Until is the last day on which it holds, as 2027-01-01; "" is for ever. Expired says that the
	// day has passed; UntilPos is where it stands.
	Until    string
	UntilPos diag.Position
	Expired  bool
	// Pos is where it stands: the comment, or the element of lint.allow.
	Pos diag.Position
	// Comment says that it is a comment. Then it covers findings in its file, from From up to To,
	// and, unless it has a line of its own, on that line. Else it covers those in documents of the
	// roles, teams and members that the globs match.
	Comment, Own          bool
	From, To              role.Pos
	Roles, Teams, Members []string
}

// AllowedCode is the code of a rule, and where it is written.
type AllowedCode struct {
	Code   string
	Pos    diag.Position
	Length int
}

// Covers reports whether a comment covers a position.
func (a Allow) Covers(p diag.Position) bool {
	if !a.Comment || p.File != a.Pos.File || p.Line == 0 {
		return false
	}
	at := role.Pos{Line: p.Line, Column: p.Column}
	return !a.Own && p.Line == a.Pos.Line || !before(at, a.From) && before(at, a.To)
}

func before(a, b role.Pos) bool {
	return a.Line < b.Line || a.Line == b.Line && a.Column < b.Column
}

// AllowHint shows how an allowed finding is written.
const AllowHint = `write "# rolewright:allow LD105: the reason", or "# rolewright:allow LD105, LD102 until 2027-01-01: the reason"`

var (
	// mayDirect finds lines that may speak to rolewright: comments that begin with a word like it.
	mayDirect = pattern.Lazy(`(?i)#[#\s]*r[a-z_-]{7,11}[:\s]`)
	// direct takes a comment apart: the word, what parts it from the rest, the rest.
	direct = pattern.Lazy(`(?i)^#[#\s]*(r[a-z_-]{7,11})(\s*:\s*|\s+)(.*)$`)
	// allowWord is a word of a directive before its reason.
	allowWord = pattern.Lazy(`[^\s,]+`)
	codeForm  = pattern.Lazy(`^[A-Za-z]{1,4}[0-9]{1,5}$`)
)

// tool is the word that a comment to rolewright begins with, allowVerb the only one that may follow.
const (
	tool      = "rolewright"
	allowVerb = "allow"
)

// allows reads the comments of a file.
func (t *text) allows(r *report, today string) (list []Allow) {
	first := mayDirect().FindIndex(t.data)
	if first == nil {
		return nil
	}
	comments, err := layout.Comments(t.data)
	if err != nil {
		t.unreadComments(r, first[0], err)
		return nil
	}
	for _, c := range comments {
		if a, ok := t.allow(r, c, today); ok {
			list = append(list, a)
		}
	}
	return list
}

// unreadComments says that comments count for nothing, unless the file has errors, which say more.
func (t *text) unreadComments(r *report, offset int, err error) {
	if diag.HasErrors(r.list) {
		return
	}
	line := 1 + bytes.Count(t.data[:offset], []byte{'\n'})
	r.add(diag.Warning, role.Pos{Line: line, Column: 1}, 1, "allow/unread",
		"comments of this file cannot be told from its text, so none allows a finding: "+strings.TrimPrefix(err.Error(), "layout: "), "write the file in a plainer way")
}

// allow reads one comment. It is not ok where the comment is not to us, or says nothing that counts.
func (t *text) allow(r *report, c layout.Comment, today string) (a Allow, ok bool) {
	m := direct().FindStringSubmatchIndex(c.Text)
	if m == nil {
		return a, false
	}
	d := directive{text: t, out: r, comment: c}
	rest, ours := d.address(c.Text[m[2]:m[3]], c.Text[m[4]:m[5]], c.Text[m[6]:m[7]])
	if !ours {
		return a, false
	}
	a = Allow{Pos: t.position(c.Pos), Comment: true, Own: c.Own, From: c.From, To: c.To}
	if !d.read(&a, rest) {
		return a, false
	}
	a.Expired = passed(a.Until, today)
	return a, true
}

// directive is a comment that is read.
type directive struct {
	text    *text
	out     *report
	comment layout.Comment
}

// word is a part of a comment, and its offset there.
type word struct {
	text   string
	offset int
}

// refuse reports a word of the comment; the zero word is all of it.
func (d directive) refuse(s diag.Severity, w word, code, message, hint string) bool {
	if w.text == "" {
		w.text = d.comment.Text
	}
	d.out.add(s, d.at(w), utf8.RuneCountInString(w.text), code, message, hint)
	return false
}

// at returns where a word stands.
func (d directive) at(w word) role.Pos {
	p := d.comment.Pos
	p.Column += utf8.RuneCountInString(d.comment.Text[:w.offset])
	return p
}

// words returns the words of a part of the comment that begins at offset.
func words(part string, offset int) (list []word) {
	for _, m := range allowWord().FindAllStringIndex(part, -1) {
		list = append(list, word{part[m[0]:m[1]], offset + m[0]})
	}
	return list
}

// mistaken are the verbs that other linters have.
var mistaken = []string{allowVerb, "disable", "ignore", "suppress", "nolint", "skip", "noqa"}

// address reads the word that says whom a comment is for, and the verb behind it. What is left is
// to be read if the comment is for us and its verb known.
func (d directive) address(name, parting, rest string) (string, bool) {
	verb := rest
	if i := strings.IndexFunc(rest, func(r rune) bool { return (r < 'a' || r > 'z') && (r < 'A' || r > 'Z') && r != '-' }); i >= 0 {
		verb = rest[:i]
	}
	meant := diag.Nearest(verb, mistaken)
	switch {
	case name == tool && parting == ":" && verb == allowVerb:
		return rest[len(verb):], true
	case name == tool && strings.Contains(parting, ":"):
		d.unknown(verb, meant)
	case diag.Nearest(name, []string{tool}) != "" && meant != "":
		d.refuse(diag.Warning, word{}, "allow/comment", fmt.Sprintf("the comment begins with %q and is read as a plain one", name+parting+verb), `did you mean "rolewright:allow"?`)
	}
	return "", false
}

// unknown reports a verb that there is not.
func (d directive) unknown(verb, meant string) {
	hint := "the one instruction in a comment is \"rolewright:allow\""
	if meant != "" {
		hint = "did you mean \"rolewright:allow\"?"
	}
	d.refuse(diag.Warning, word{}, "allow/comment", fmt.Sprintf("unknown instruction %q in a comment to rolewright", verb), hint)
}

// read reads codes, day and reason, as "LD105, LD102 until 2027-01-01: the reason", which is the end
// of the comment.
func (d directive) read(a *Allow, rest string) bool {
	head, reason, told := strings.Cut(rest, ":")
	left := d.codes(a, words(head, len(d.comment.Text)-len(rest)))
	if len(a.Codes) == 0 {
		return d.refuse(diag.Error, word{}, "allow/form", "the comment allows a finding and names the code of no lint rule", AllowHint)
	}
	left, ok := d.until(a, left)
	if !ok {
		return false
	}
	if len(left) > 0 && told {
		return d.refuse(diag.Error, left[0], "allow/form", fmt.Sprintf("%s is neither the code of a lint rule nor \"until\" and a day", strconv.Quote(left[0].text)), AllowHint)
	}
	if a.Reason = strings.TrimSpace(reason); a.Reason == "" {
		return d.refuse(diag.Error, word{}, "allow/reason", "the comment allows a finding and gives no reason", "write a colon behind the codes, and the reason behind it")
	}
	return d.stands(a)
}

// codes reads the words that are codes, and returns the others.
func (d directive) codes(a *Allow, left []word) []word {
	for len(left) > 0 && codeForm().MatchString(left[0].text) {
		a.Codes = append(a.Codes, AllowedCode{Code: left[0].text, Pos: d.text.position(d.at(left[0])), Length: len(left[0].text)})
		left = left[1:]
	}
	return left
}

// until reads the last day, if there is one, and returns the words behind it.
func (d directive) until(a *Allow, left []word) ([]word, bool) {
	if len(left) == 0 || left[0].text != "until" {
		return left, true
	}
	if len(left) == 1 {
		return nil, d.refuse(diag.Error, left[0], "allow/date", "no day follows \"until\"", "write the year, the month and the day, as 2026-12-31")
	}
	day := left[1]
	if err := role.CheckDate(day.text); err != nil {
		return nil, d.refuse(diag.Error, day, "allow/date", err.Error(), dateHint(day.text))
	}
	a.Until, a.UntilPos = day.text, d.text.position(d.at(day))
	return left[2:], true
}

// farthest is the column up to which a comment may begin to allow something. Editors and diffs cut
// lines: what is further to the right is not seen by who reviews it.
const farthest = 200

// stands reports a comment that is about nothing, or out of sight.
func (d directive) stands(a *Allow) bool {
	switch {
	case d.comment.Column > farthest:
		return d.refuse(diag.Error, word{}, "allow/place", fmt.Sprintf("the comment allows a finding in column %d, where nobody sees it", d.comment.Column), "put it on a line of its own above")
	case a.Own && a.To == (role.Pos{}):
		return d.refuse(diag.Warning, word{}, "allow/place", "the comment allows a finding and nothing follows it in its block", "put it above what it is about, or behind it")
	}
	return true
}

// passed reports whether a day lies before today; neither "" ever does.
func passed(day, today string) bool { return role.Assignment{Expires: day}.Expired(today) }

// allowList reads lint.allow of rolewright.yaml. Like role it takes what is there.
func (d *document) allowList(v view, pos map[string]diag.Position, today string) (list []Allow) {
	elements, _ := v.value.([]any)
	for i, element := range elements {
		e, at := view{element}, fmt.Sprintf("/lint/allow/%d", i)
		code := e.at("code").text("")
		a := Allow{
			Codes:  []AllowedCode{{Code: code, Pos: pos[at+"/code"], Length: utf8.RuneCountInString(code)}},
			Reason: strings.TrimSpace(e.at("reason").text("")), Until: e.at("until").text(""), UntilPos: pos[at+"/until"],
			Pos:   pos[at],
			Roles: e.at("roles").texts(nil), Teams: e.at("teams").texts(nil), Members: e.at("members").texts(nil),
		}
		a.Expired = passed(a.Until, today)
		if code != "" && d.allowed(a, at) {
			list = append(list, a)
		}
	}
	return list
}

// allowed checks what the schema cannot: the day, a reason that says something, and for whom.
func (d *document) allowed(a Allow, at string) bool {
	sound := a.Reason != ""
	if err := role.CheckDate(a.Until); a.Until != "" && err != nil {
		d.wrong(at+"/until", "allow/date", err.Error(), dateHint(a.Until))
		sound = false
	}
	if d.locate(at+"/reason").value.Kind == yaml.ScalarNode && a.Reason == "" {
		d.wrong(at+"/reason", "allow/reason", "the reason is empty", "say why the finding is meant")
	}
	if len(a.Roles)+len(a.Teams)+len(a.Members) == 0 {
		d.wrong(at, "allow/whom", "it is not said for whom the finding is meant", "add \"roles\", \"teams\" or \"members\" with globs; \"disable\" switches a rule off")
		sound = false
	}
	return sound
}
