package manifest

import (
	"fmt"
	"path/filepath"
	"slices"
	"strconv"
	"strings"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/role"
)

// Config is what rolewright.yaml says, with the defaults for what it leaves out.
type Config struct {
	Targets       map[string]Target
	DefaultTarget string
	Manage        Manage
	Guards        Guards
	Lint          Lint
	// Pos holds the place of every value by its JSON pointer: Pos["/targets/production/host"].
	Pos map[string]diag.Position
}

// Target is one account. Exactly one of the fields is set.
type Target struct {
	Emulator string // a file, relative to the workspace and inside it, slash-separated
	Host     string // a host that CheckHost accepts
}

// Manage is the scope, kind by kind.
type Manage struct{ Roles, Teams, Members role.Scope }

// Guards are the limits that block an apply.
type Guards struct {
	MaxDeletes       int      // roles that a plan may delete
	MaxDeletePercent int      // the same, of the managed roles
	Protect          []string // globs of role keys that only a flag lets through
	MinAdmins        int      // members who can manage roles that must be left
	// AllowEscalation lists keys of roles and teams, and e-mail addresses, whose changes may let
	// somebody change roles, members or teams.
	AllowEscalation []string
}

// Lint holds the settings of the lint rules.
type Lint struct {
	Disable        []string // codes of rules that are switched off
	Allow          []Allow  // findings that are not reported; see [Workspace.Allows]
	Administrative []string // globs of keys of roles that are meant to manage roles and people
	Wide           []string // "ACTION on SPECIFIER": what no role should grant as a whole; nil for the rule's own
	NewSince       string   // a month, as 2026-06: actions that came after it are pointed out; "" points out none
}

// defaultConfig is what holds for everything that rolewright.yaml leaves out: every role is
// managed, no team and no member.
func defaultConfig() Config {
	return Config{
		Targets: map[string]Target{},
		Manage:  Manage{Roles: role.Scope{Include: []string{"*"}}},
		Guards:  Guards{MaxDeletes: 3, MaxDeletePercent: 20, MinAdmins: 2},
		Pos:     map[string]diag.Position{},
	}
}

// Target returns the target of that name; for "" the default one, or the only one. The error
// says which there are.
func (c Config) Target(name string) (string, Target, error) {
	names := c.TargetNames()
	switch {
	case name == "" && c.DefaultTarget != "":
		name = c.DefaultTarget
	case name == "" && len(names) == 1:
		name = names[0]
	case len(names) == 0:
		return "", Target{}, fmt.Errorf("%s names no target", ConfigFile)
	case name == "":
		return "", Target{}, fmt.Errorf("%s has no defaultTarget, and several targets: %s", ConfigFile, strings.Join(names, ", "))
	}
	t, ok := c.Targets[name]
	if !ok {
		return "", Target{}, fmt.Errorf("no target is named %q in %s, there are: %s", name, ConfigFile, strings.Join(names, ", "))
	}
	return name, t, nil
}

// TargetNames returns the names of the targets, sorted.
func (c Config) TargetNames() []string {
	names := make([]string, 0, len(c.Targets))
	for name := range c.Targets {
		names = append(names, name)
	}
	slices.Sort(names)
	return names
}

// config reads a document of rolewright.yaml. Like role it takes what is there.
func (d *document) config(opts Options) *Config {
	c := defaultConfig()
	d.positions(c.Pos, "", d.root)
	v := view{d.value}
	for name, target := range v.at("targets").object() {
		c.Targets[name] = Target{Emulator: view{target}.at("emulator").text(""), Host: view{target}.at("host").text("")}
	}
	c.DefaultTarget = v.at("defaultTarget").text("")
	manage := v.at("manage")
	c.Manage = Manage{
		Roles:   manage.at("roles").scope(c.Manage.Roles),
		Teams:   manage.at("teams").scope(role.Scope{}),
		Members: manage.at("members").scope(role.Scope{}),
	}
	guards := v.at("guards")
	c.Guards = Guards{
		MaxDeletes:       guards.at("maxDeletes").number(c.Guards.MaxDeletes),
		MaxDeletePercent: guards.at("maxDeletePercent").number(c.Guards.MaxDeletePercent),
		Protect:          guards.at("protect").texts(nil),
		MinAdmins:        guards.at("minAdmins").number(c.Guards.MinAdmins),
		AllowEscalation:  guards.at("allowEscalation").texts(nil),
	}
	lint := v.at("lint")
	c.Lint = Lint{
		Disable:        lint.at("disable").texts(nil),
		Allow:          d.allowList(lint.at("allow"), c.Pos, opts.today()),
		Administrative: lint.at("administrative").texts(nil),
		Wide:           lint.at("wide").texts(nil),
		NewSince:       lint.at("newSince").text(""),
	}
	d.checkTargets(c, opts.AllowHost)
	return &c
}

// checkTargets checks what the schema cannot: hosts, paths and the default.
func (d *document) checkTargets(c Config, allow string) {
	for name, t := range c.Targets {
		if t.Host != "" {
			if err := CheckHost(t.Host, allow); err != nil {
				d.wrong("/targets/"+name+"/host", "config/host", err.Error(), hostHint)
			}
		}
		if t.Emulator != "" && (!filepath.IsLocal(t.Emulator) || strings.ContainsRune(t.Emulator, '\\')) {
			d.wrong("/targets/"+name+"/emulator", "config/emulator", fmt.Sprintf("%q leaves the workspace", t.Emulator), "write a path below the workspace, as .rolewright/local.db")
		}
	}
	if _, ok := c.Targets[c.DefaultTarget]; c.DefaultTarget != "" && !ok {
		hint := "the targets are: " + strings.Join(c.TargetNames(), ", ")
		if near := diag.Nearest(c.DefaultTarget, c.TargetNames()); near != "" {
			hint = "did you mean " + strconv.Quote(near) + "?"
		}
		d.wrong("/defaultTarget", "config/default-target", fmt.Sprintf("no target is named %q", c.DefaultTarget), hint)
	}
}

// wrong reports the value at a pointer.
func (d *document) wrong(pointer, code, message, hint string) {
	value := d.locate(pointer).value
	d.out.errorAt(d.text.posOf(value), d.text.span(value), code, message, hint)
}

// positions notes the place of a node and of all below it. What
// aliases stand for is bounded: see document.unsound.
func (d *document) positions(pos map[string]diag.Position, pointer string, n *yaml.Node) {
	pos[pointer] = d.text.position(d.text.posOf(n))
	n = resolve(n)
	switch n.Kind {
	case yaml.MappingNode:
		for i := 0; i+1 < len(n.Content); i += 2 {
			if key := n.Content[i]; key.Kind == yaml.ScalarNode {
				d.positions(pos, pointer+"/"+pointerEscape.Replace(key.Value), n.Content[i+1])
			}
		}
	case yaml.SequenceNode:
		for i, element := range n.Content {
			d.positions(pos, pointer+"/"+strconv.Itoa(i), element)
		}
	}
}

var pointerEscape = strings.NewReplacer("~", "~0", "/", "~1")

// view reads plain values, taking what is not there or of another type as left out.
type view struct{ value any }

func (v view) at(name string) view { return view{v.object()[name]} }

func (v view) object() map[string]any {
	m, _ := v.value.(map[string]any)
	return m
}

func (v view) text(otherwise string) string {
	if s, ok := v.value.(string); ok {
		return s
	}
	return otherwise
}

func (v view) number(otherwise int) int {
	if n, ok := v.value.(int); ok {
		return n
	}
	return otherwise
}

func (v view) texts(otherwise []string) []string {
	list, ok := v.value.([]any)
	if !ok {
		return otherwise
	}
	out := make([]string, 0, len(list))
	for _, item := range list {
		if s, ok := item.(string); ok {
			out = append(out, s)
		}
	}
	return out
}

func (v view) scope(otherwise role.Scope) role.Scope {
	prune, _ := v.at("prune").value.(bool)
	return role.Scope{Include: v.at("include").texts(otherwise.Include), Ignore: v.at("ignore").texts(otherwise.Ignore), Prune: prune}
}
