package layout

import (
	"fmt"
	"regexp"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/role"
	"pgregory.net/rapid"
)

// generator writes a role the way a careless person would: keys in any order, any style, comments
// wherever YAML takes them. It remembers every comment that it wrote.
type generator struct {
	*rapid.T
	strings.Builder
	comments []string
	deepest  int // how far the next comment on its own line may be indented
}

func (g *generator) chance(percent int) bool {
	return rapid.IntRange(0, 99).Draw(g.T, "chance") < percent
}

func (g *generator) pick(n int) int { return rapid.IntRange(0, n-1).Draw(g.T, "pick") }

// note returns a new comment.
func (g *generator) note() string {
	tails := []string{"", " plain words", ` "quote`, " it's", " [bracket", " }", ": colon", " - dash", " --- mark", " &a *a", " # twice", "\ttab", " é–ü"}
	text := fmt.Sprintf("#c%d%s", len(g.comments), tails[g.pick(len(tails))])
	g.comments = append(g.comments, text)
	return text
}

// gap writes blank lines and comments that stand on their own lines.
func (g *generator) gap() {
	for g.chance(25) {
		if g.chance(40) {
			g.WriteString(strings.Repeat(" ", g.pick(3)) + "\n")
			continue
		}
		g.WriteString(strings.Repeat(" ", g.pick(g.deepest+1)) + g.note() + "\n")
	}
	g.deepest = 12
}

// end ends a line, perhaps with a comment.
func (g *generator) end() {
	if g.chance(20) {
		g.WriteString(" " + g.note())
	}
	g.WriteString("\n")
}

var lineEnds = regexp.MustCompile(`\n+`)

var harmless = regexp.MustCompile(`^[a-z][a-zA-Z]*$`)

// scalar returns text in some style on one line.
func (g *generator) scalar(text string) string {
	if harmless.MatchString(text) && !ambiguous(text) && g.chance(50) {
		return text
	}
	if strings.IndexFunc(text, func(r rune) bool { return r < ' ' }) < 0 && g.chance(50) {
		return "'" + strings.ReplaceAll(text, "'", "''") + "'"
	}
	return quote(text)
}

// flow writes a list of rendered parts in brackets, perhaps over several lines.
func (g *generator) flow(open, shut string, parts []func()) {
	g.WriteString(open)
	for i, part := range parts {
		if i > 0 {
			g.WriteString(",")
		}
		g.flowGap()
		part()
	}
	g.flowGap()
	g.WriteString(shut)
}

func (g *generator) flowGap() {
	g.WriteString(" ")
	if g.chance(20) {
		g.end()
		g.gap()
		g.WriteString(strings.Repeat(" ", 9))
	}
}

func (g *generator) list(list []string, indent int) {
	if g.chance(50) || len(list) == 0 {
		g.WriteString(" ")
		g.flow("[", "]", g.scalars(list))
		g.end()
		return
	}
	g.end()
	indent += 2 * g.pick(3)
	for _, s := range list {
		g.gap()
		g.WriteString(strings.Repeat(" ", indent) + "- " + g.scalar(s))
		g.end()
	}
}

func (g *generator) scalars(list []string) (parts []func()) {
	for _, s := range list {
		parts = append(parts, func() { g.WriteString(g.scalar(s)) })
	}
	return parts
}

// statement writes s behind "- ", its keys in any order.
func (g *generator) statement(s role.Statement, indent int) {
	keys := []string{"effect"}
	lists := map[string][]string{"actions": s.Actions, "notActions": s.NotActions, "resources": s.Resources, "notResources": s.NotResources}
	for _, k := range []string{"actions", "notActions", "resources", "notResources"} {
		if lists[k] != nil {
			keys = append(keys, k)
		}
	}
	keys = rapid.Permutation(keys).Draw(g.T, "keys")
	if g.chance(20) {
		g.flowStatement(keys, s, lists)
		return
	}
	for i, k := range keys {
		if i > 0 || g.chance(20) {
			if i == 0 {
				g.end()
			}
			g.gap()
			g.WriteString(strings.Repeat(" ", indent))
		}
		g.WriteString(k + ":")
		if k == "effect" {
			g.WriteString(" " + g.scalar(string(s.Effect)))
			g.end()
		} else {
			g.list(lists[k], indent)
		}
	}
}

func (g *generator) flowStatement(keys []string, s role.Statement, lists map[string][]string) {
	var parts []func()
	for _, k := range keys {
		parts = append(parts, func() {
			g.WriteString(k + ": ")
			if k == "effect" {
				g.WriteString(g.scalar(string(s.Effect)))
			} else {
				g.flow("[", "]", g.scalars(lists[k]))
			}
		})
	}
	g.flow("{", "}", parts)
	g.end()
}

// text writes a value of one or several lines behind a key.
func (g *generator) text(s string) {
	safe := blockSafe(s) && !strings.HasSuffix(s, "\n")
	switch {
	case safe && g.chance(40):
		g.WriteString(" |-")
		g.end()
		g.WriteString("   " + strings.ReplaceAll(s, "\n", "\n   ") + "\n")
		g.deepest = 2
	case safe && foldable(s) && g.chance(40):
		g.WriteString(" >-")
		g.end()
		g.WriteString("    " + lineEnds.ReplaceAllString(s, "\n$0    ") + "\n")
		g.deepest = 3
	case g.chance(10):
		g.end()
		g.gap()
		g.WriteString("  " + g.scalar(s))
		g.end()
	default:
		g.WriteString(" " + g.scalar(s))
		g.end()
	}
}

// role writes one document.
func (g *generator) role(r role.Role) {
	keys := []string{"kind", "key", "name", "description", "basePermissions", "policy"}
	texts := map[string]string{"kind": "Role", "key": r.Key, "name": r.Name, "description": r.Description, "basePermissions": r.BasePermissions}
	for _, k := range rapid.Permutation(keys).Draw(g.T, "keys") {
		g.gap()
		g.WriteString(k + ":")
		if k != "policy" {
			g.text(texts[k])
			continue
		}
		g.policy(r.Policy)
	}
	g.gap()
}

func (g *generator) policy(policy []role.Statement) {
	if len(policy) == 0 {
		g.WriteString(" []")
		g.end()
		return
	}
	g.end()
	indent := 2 * g.pick(3)
	for _, s := range policy {
		g.gap()
		pad := 1 + g.pick(3)
		g.WriteString(strings.Repeat(" ", indent) + "-" + strings.Repeat(" ", pad))
		g.statement(s, indent+1+pad)
	}
}

// file writes roles as one file.
func (g *generator) file(roles []role.Role) string {
	g.deepest = 12
	if g.chance(30) {
		g.gap()
		g.WriteString("---")
		g.end()
	}
	for i, r := range roles {
		if i > 0 {
			g.WriteString("---")
			g.end()
		}
		g.role(r)
	}
	text := g.String()
	if g.chance(10) {
		text = strings.ReplaceAll(text, "\n", "\r\n")
	}
	return text
}

// anyText draws text that YAML finds hard.
func anyText() *rapid.Generator[string] {
	hard := []string{
		"", "no", "N", "~", "null", "true", "0x10", "0o7", "012", "1e3", "1_000", "2024-01-01", "2024-01-01T10:00:00Z", "12:30:45",
		".inf", "-.INF", ".NaN", "<<", "=", "- a", "-", "--- a", "...", "? a", "# x", "a #b", "a: b", "a:", ":a", " x ", "x ", `"`, "'", `\`, `\n`,
		"&a", "*a", "!t", "|", ">", "%d", "@a", "`a", "{a}", "[a]", "a, b", "a\tb", "\ta", "line\nline", "line\n", "\nline", "a\n\nb", " a\nb", "a \nb",
		"é", "日本語", "🙂", "a\u00a0b", "a\u200bb", "\u2028", "\ufeff", "\x00", "\x1b[0m", "\u0085", "\U000e0041", "it's", "50% off", "#", "kind: Role\nkey: x",
		strings.Repeat("many words in a long line, ", 9) + "the end", strings.Repeat("longword", 20), strings.Repeat("a  b ", 30) + "c",
	}
	printable := rapid.StringOf(rapid.RuneFrom(nil, printables()...))
	return rapid.OneOf(rapid.SampledFrom(hard), printable, rapid.String().Filter(validText))
}

func validText(s string) bool {
	return strings.ToValidUTF8(s, "?") == s && !strings.ContainsRune(s, '\r')
}

// fileText draws text that may stand in a file as it is.
func fileText() *rapid.Generator[string] {
	return anyText().Filter(func(s string) bool {
		return !strings.ContainsAny(s, "\u0085\u2028\u2029\ufeff") && !strings.ContainsFunc(s, unprintable)
	})
}

func unprintable(r rune) bool {
	return r < ' ' && r != '\n' && r != '\t' || r == 0x7f || r >= 0x80 && r < 0xa0
}

func anyRole(text *rapid.Generator[string]) *rapid.Generator[role.Role] {
	list := rapid.SliceOfN(text, 1, 6)
	return rapid.Custom(func(t *rapid.T) role.Role {
		r := role.Role{
			Key: text.Draw(t, "key"), Name: text.Draw(t, "name"), Description: text.Draw(t, "description"),
			BasePermissions: rapid.SampledFrom([]string{role.NoAccess, role.Reader}).Draw(t, "base"),
		}
		for range rapid.IntRange(0, 3).Draw(t, "statements") {
			s := role.Statement{Effect: role.Allow, Actions: list.Draw(t, "actions"), Resources: list.Draw(t, "resources")}
			if rapid.Bool().Draw(t, "not") {
				s = role.Statement{Effect: role.Deny, NotActions: list.Draw(t, "actions"), NotResources: list.Draw(t, "resources")}
			}
			r.Policy = append(r.Policy, s)
		}
		return r
	})
}

func sorted(list []string) []string {
	list = append([]string{}, list...)
	slices.Sort(list)
	return list
}
