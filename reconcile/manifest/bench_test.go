package manifest

import (
	"bytes"
	"errors"
	"fmt"
	"io"
	"path/filepath"
	"strings"
	"testing"
	"time"

	"gopkg.in/yaml.v3"
)

// roleFile is a role of five statements, as people write it.
func roleFile(i int) string {
	var b strings.Builder
	fmt.Fprintf(&b, "# yaml-language-server: $schema=../.rolewright/role.schema.json\nkind: Role\nkey: team-%d-operator\nname: Team %d operator\n", i, i)
	b.WriteString("description: Turns flags on and off outside critical environments.\nbasePermissions: no_access\nresourceCategory: project\npolicy:\n")
	for s := range 5 {
		fmt.Fprintf(&b, "  # what the team does in project %d\n  - effect: allow\n    actions: [updateOn, updateTargets, updateRules]\n    resources: [\"proj/web-%d:env/*;{critical:false}:flag/team-%d-*\", \"proj/app-%d:env/staging:flag/*\"]\n", s, s, i, s)
	}
	return b.String()
}

// benchWorkspace writes n role files, some hundred to a folder.
func benchWorkspace(b *testing.B, n int) (root string, contents [][]byte) {
	files := map[string]string{}
	for i := range n {
		text := roleFile(i)
		files[filepath.Join("roles", fmt.Sprint(i/100), fmt.Sprintf("role-%d.yaml", i))] = text
		contents = append(contents, []byte(text))
	}
	return tempWorkspace(b, files), contents
}

// decodeNodes is what yaml.v3 alone takes: every document of every file to nodes.
func decodeNodes(b *testing.B, contents [][]byte) {
	for _, data := range contents {
		dec := yaml.NewDecoder(bytes.NewReader(data))
		for {
			var n yaml.Node
			err := dec.Decode(&n)
			if errors.Is(err, io.EOF) {
				break
			}
			if err != nil {
				b.Fatal(err)
			}
		}
	}
}

// BenchmarkLoad measures a whole workspace, from the disk to checked roles. The metric
// "x-yaml" is how many times that is of what yaml.v3 alone takes to decode the same bytes to
// nodes in one goroutine; the goal is at most 3.
func BenchmarkLoad(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			root, contents := benchWorkspace(b, n)
			alone := yardstick(b, contents)
			b.ReportAllocs()
			for b.Loop() {
				w, findings, err := Load(root, Options{})
				if err != nil || len(findings) > 0 || len(w.Roles) != n {
					b.Fatal(len(w.Roles), findings, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(alone), "x-yaml")
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n)/1e3, "µs/file")
		})
	}
}

// yardstick returns the best of three runs of decodeNodes.
func yardstick(b *testing.B, contents [][]byte) time.Duration {
	best := time.Hour
	for range 3 {
		start := time.Now()
		decodeNodes(b, contents)
		best = min(best, time.Since(start))
	}
	return best
}

// BenchmarkYAMLNodes is the yardstick of BenchmarkLoad.
func BenchmarkYAMLNodes(b *testing.B) {
	_, contents := benchWorkspace(b, 1_000)
	b.ReportAllocs()
	for b.Loop() {
		decodeNodes(b, contents)
	}
}

// memberFile is a member with roles and role attributes, as export writes it.
func memberFile(i int) string {
	return fmt.Sprintf("# yaml-language-server: $schema=../.rolewright/role.schema.json\nkind: Member\nemail: member-%d@example.com\nrole: no_access\n"+
		"customRoles:\n  - role-%d\n  - {role: elsewhere, expires: 2027-01-01}\nroleAttributes:\n  projects: [web-%d, app]\n", i, i%500, i)
}

// manyMembers writes 500 roles in one file each, and n members in one folder.
func manyMembers(t testing.TB, n int) string {
	files := map[string]string{ConfigFile: everybody}
	for i := range 500 {
		files[fmt.Sprintf("roles/role-%d.yaml", i)] = simple(fmt.Sprint("role-", i))
	}
	for i := range n {
		files[fmt.Sprintf("members/member-%d.yaml", i)] = memberFile(i)
	}
	return tempWorkspace(t, files)
}

// TestManyMembers: a folder of ten thousand members is read whole.
func TestManyMembers(t *testing.T) {
	w, findings, err := Load(manyMembers(t, 10_000), Options{Today: corpusDay})
	if err != nil || len(findings) > 0 || len(w.Members) != 10_000 || len(w.Assigned()) != 501 {
		t.Fatal(len(w.Members), len(w.Assigned()), findings, err)
	}
}

// BenchmarkLoadMembers measures a folder of members: the time for one must not grow with their
// number.
func BenchmarkLoadMembers(b *testing.B) {
	for _, n := range []int{1_000, 10_000} {
		b.Run(fmt.Sprint(n), func(b *testing.B) {
			root := manyMembers(b, n)
			b.ReportAllocs()
			for b.Loop() {
				w, findings, err := Load(root, Options{Today: corpusDay})
				if err != nil || len(findings) > 0 || len(w.Members) != n {
					b.Fatal(len(w.Members), findings, err)
				}
			}
			b.ReportMetric(float64(b.Elapsed())/float64(b.N)/float64(n)/1e3, "µs/member")
		})
	}
}
