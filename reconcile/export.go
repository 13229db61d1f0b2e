package reconcile

import (
	"fmt"
	"slices"
	"strings"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/manifest/layout"
	"github.com/rolewright/rolewright/reconcile/plan"
	"github.com/rolewright/rolewright/reconcile/role"
)

// File is a file to be written: a slash-separated path relative to the workspace, and its bytes.
type File struct {
	Path string
	Data []byte
}

// rolesDir is where export and init put role files. The schema lies beside it, for editors.
const (
	rolesDir   = "roles"
	roleSchema = "../.rolewright/role.schema.json"
)

// Exported is an account as files.
type Exported struct {
	Files []File
	// Left are the roles that were left out on purpose, Unfit those that no role file can hold, as
	// one whose description has invisible characters; each with its reason.
	Left, Unfit []plan.Note
}

// Export returns one file for each role for which omit returns no reason to leave it out, in the
// order of their keys. Presets are LaunchDarkly's own and never exported. Each file is read back
// before it is returned: planning the files changes nothing.
func Export(live []role.Live, omit func(key string) string) Exported {
	live = slices.SortedFunc(slices.Values(live), func(a, b role.Live) int { return strings.Compare(a.Key, b.Key) })
	var out Exported
	taken := map[string]bool{}
	for _, l := range live {
		note := plan.Note{Kind: "role", Key: l.Key, Name: l.Name}
		if note.Reason = whyNot(l, omit); note.Reason != "" {
			out.Left = append(out.Left, note)
			continue
		}
		f := File{Data: layout.Write(l.Role, roleSchema)}
		if note.Reason = unfit(l, f.Data); note.Reason != "" {
			out.Unfit = append(out.Unfit, note)
			continue
		}
		f.Path = freePath(taken, l.Key)
		out.Files = append(out.Files, f)
	}
	return out
}

func whyNot(l role.Live, omit func(string) string) string {
	if l.Preset() {
		return "a preset of LaunchDarkly"
	}
	return omit(l.Key)
}

// unfit returns why a file does not say the same as the role that it was written from, or "".
func unfit(l role.Live, data []byte) string {
	if err := role.CheckKey(l.Key); err != nil {
		return err.Error()
	}
	roles, findings := manifest.Check(RoleFile(l.Key), data)
	for _, f := range findings {
		if f.Severity == diag.Error {
			return f.Message
		}
	}
	if len(roles) != 1 || !role.Equal(roles[0].Role, l.Role) {
		return "a file of it would not read back the same"
	}
	return ""
}

// RoleFile returns where export puts the role of that key, relative to the workspace.
func RoleFile(key string) string { return rolesDir + "/" + key + ".yaml" }

// freePath returns where the role of that key goes. Two keys that differ only in case get two
// names, since not every file system tells them apart.
func freePath(taken map[string]bool, key string) string {
	name := key
	for n := 2; taken[strings.ToLower(name)]; n++ {
		name = fmt.Sprintf("%s-%d", key, n)
	}
	taken[strings.ToLower(name)] = true
	return RoleFile(name)
}

// StartExport returns the files that make a folder a workspace for roles exported from target: the
// configuration, which names that target alone and manages what scope does, and the schemas for the
// editor.
func StartExport(name string, target manifest.Target, scope plan.Scope) ([]File, error) {
	place := fmt.Sprintf("host: %q", target.Host)
	if target.Emulator != "" {
		place = fmt.Sprintf("emulator: %q", target.Emulator)
	}
	config := fmt.Sprintf(`# yaml-language-server: $schema=.rolewright/config.schema.json
version: 1
targets:
  %[1]s: {%[2]s}
defaultTarget: %[1]s
manage:
  roles:
    include: ["*"]
    ignore: []
    prune: false
%[3]s`, name, place, scopeText("teams", scope.Teams)+scopeText("members", scope.Members))
	formatted, err := layout.Format([]byte(config))
	if err != nil {
		return nil, err
	}
	schemas, err := EditorSchemas()
	return append([]File{{Path: manifest.ConfigFile, Data: formatted}}, schemas...), err
}

// scopeText is a scope of teams or members as rolewright.yaml says it; "" for a kind that is not managed.
func scopeText(kind string, scope *role.Scope) string {
	if scope == nil {
		return ""
	}
	return fmt.Sprintf("  %s:\n    include: [%s]\n    ignore: [%s]\n", kind, quoted(scope.Include), quoted(scope.Ignore))
}

func quoted(globs []string) string {
	list := make([]string, len(globs))
	for i, g := range globs {
		list[i] = fmt.Sprintf("%q", g)
	}
	return strings.Join(list, ", ")
}
