package lint

import (
	"bytes"
	"os"
	"path/filepath"
	"testing"

	"gopkg.in/yaml.v3"

	"github.com/rolewright/rolewright/reconcile/diag"
	"github.com/rolewright/rolewright/reconcile/manifest"
	"github.com/rolewright/rolewright/reconcile/role"
)

// load reads a role file as package manifest would: values, and the position of each. Only what
// lint looks at is read, and what manifest refuses is taken.
func load(t *testing.T, path string) role.Desired {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	return loadText(t, filepath.ToSlash(path), data)
}

// loadFiles reads a file of roles, teams and members.
func loadFiles(t *testing.T, path string) (f Files) {
	t.Helper()
	data, err := os.ReadFile(path)
	if err != nil {
		t.Fatal(err)
	}
	name := filepath.ToSlash(path)
	if !bytes.Contains(data, []byte("\nkind: ")) {
		return Files{Roles: []role.Desired{loadText(t, name, data)}}
	}
	d, findings := manifest.Read(name, data)
	if diag.HasErrors(findings) {
		t.Fatal(render(findings))
	}
	return Files{d.Roles, d.Teams, d.Members}
}

func loadText(t *testing.T, name string, data []byte) role.Desired {
	t.Helper()
	var doc yaml.Node
	if err := yaml.Unmarshal(data, &doc); err != nil {
		t.Fatalf("%s: %v", name, err)
	}
	d := role.Desired{Source: role.Source{File: name, Pos: pos(doc.Content[0])}}
	d.Key = doc.Content[0].Content[3].Value
	d.BasePermissions = child(doc.Content[0], "basePermissions").Value
	for _, node := range child(doc.Content[0], "policy").Content {
		s := role.Statement{Effect: role.Effect(child(node, "effect").Value)}
		src := role.StatementSource{Pos: pos(node)}
		s.Actions, src.Actions = list(child(node, "actions"))
		s.NotActions, src.NotActions = list(child(node, "notActions"))
		s.Resources, src.Resources = list(child(node, "resources"))
		s.NotResources, src.NotResources = list(child(node, "notResources"))
		d.Policy = append(d.Policy, s)
		d.Source.Policy = append(d.Source.Policy, src)
	}
	return d
}

func pos(n *yaml.Node) role.Pos { return role.Pos{Line: n.Line, Column: n.Column} }

// child returns the value of a key, or an empty node.
func child(n *yaml.Node, key string) *yaml.Node {
	for i := 0; i+1 < len(n.Content); i += 2 {
		if n.Content[i].Value == key {
			return n.Content[i+1]
		}
	}
	return &yaml.Node{}
}

func list(n *yaml.Node) (values []string, at []role.Pos) {
	for _, c := range n.Content {
		values, at = append(values, c.Value), append(at, pos(c))
	}
	return values, at
}
