package emulator

import (
	"fmt"
	"slices"
	"strings"
	"sync"
	"sync/atomic"
	"testing"
)

// TestOneOfManyCreatesWins: a key is made once however many ask at the same time.
func TestOneOfManyCreatesWins(t *testing.T) {
	for _, file := range []string{"", scratch(t)} {
		e := start(t, Options{File: file, NoSync: true})
		var created atomic.Int32
		parallel(32, func(int) {
			if e.do("POST", rolesPath, newOps).status == 201 {
				created.Add(1)
			}
		})
		if created.Load() != 1 || e.Writes() != 1 || len(e.Roles()) != 1 {
			t.Errorf("%d created, %d writes, %d roles", created.Load(), e.Writes(), len(e.Roles()))
		}
	}
}

// TestPatchIsOneStep: of patches that each add a statement none is lost, and of patches that test
// the same value one holds.
func TestPatchIsOneStep(t *testing.T) {
	const n = 40
	e := start(t, Options{})
	e.post("ops")
	parallel(n, func(i int) {
		e.want(200, "PATCH", rolesPath+"/ops", fmt.Sprintf(`[{"op":"add","path":"/policy/-","value":%s}]`, allow(fmt.Sprintf("proj/p%d", i), "*")))
	})
	if got := len(e.Roles()[0].Policy); got != n {
		t.Errorf("%d statements of %d are left", got, n)
	}
	var won atomic.Int32
	parallel(n, func(i int) {
		body := fmt.Sprintf(`[{"op":"test","path":"/name","value":"ops"},{"op":"replace","path":"/name","value":"w%d"}]`, i)
		if e.do("PATCH", rolesPath+"/ops", body).status == 200 {
			won.Add(1)
		}
	})
	if won.Load() != 1 {
		t.Errorf("%d guarded patches held", won.Load())
	}
}

// TestEverythingAtOnce: under all kinds of requests at once each list is whole and consistent.
func TestEverythingAtOnce(t *testing.T) {
	e := start(t, Options{Seed: seeded(20), Limits: Limits{Global: 1_000_000}})
	parallel(8, func(worker int) {
		for i := range 30 {
			key := fmt.Sprintf("w%d-%d", worker, i)
			e.post(key)
			e.want(200, "PATCH", rolesPath+"/"+key, `{"comment":"c","merge":{"name":"N"}}`)
			if err := e.Edit(key, func(r *Role) { r.Description = "outside" }); err != nil {
				t.Error(err)
			}
			l := e.list(rolesPath + "?limit=1000")
			if *l.Total != len(l.Items) || len(slices.Compact(slices.Sorted(slices.Values(l.keys())))) != len(l.Items) {
				t.Errorf("a list of %d items, total %d", len(l.Items), *l.Total)
			}
			e.want(204, "DELETE", rolesPath+"/"+key, "")
			_ = e.Requests()
		}
	})
	if len(e.Roles()) != 20 || e.Writes() != 8*30*3 {
		t.Errorf("%d roles, %d writes", len(e.Roles()), e.Writes())
	}
	for i, r := range e.Requests() {
		if r.Number != i+1 || r.Status == 0 {
			t.Fatalf("record %d is %+v", i, r)
		}
	}
}

func parallel(n int, f func(int)) {
	var wait sync.WaitGroup
	for i := range n {
		wait.Go(func() { f(i) })
	}
	wait.Wait()
}

// realistic is the body of a role with five statements.
func realistic(key string) string {
	statements := make([]string, 5)
	for i := range statements {
		statements[i] = allow(fmt.Sprintf("proj/p%d-*:env/*;{critical:false}:flag/*;team-a", i), "update*")
	}
	return role1(key, "Role "+key, strings.Join(statements, ","))
}

func BenchmarkCreate(b *testing.B) {
	e := start(b, Options{})
	b.ReportAllocs()
	for i := range b.N {
		e.want(201, "POST", rolesPath, realistic(fmt.Sprintf("k%d", i)))
	}
}

func BenchmarkCreateInFile(b *testing.B) {
	e := start(b, Options{File: scratch(b)})
	for i := range b.N {
		e.want(201, "POST", rolesPath, realistic(fmt.Sprintf("k%d", i)))
	}
}

func BenchmarkPatch(b *testing.B) {
	e := start(b, Options{})
	e.want(201, "POST", rolesPath, realistic("k"))
	for b.Loop() {
		e.want(200, "PATCH", rolesPath+"/k", `{"comment":"c","patch":[{"op":"test","path":"/name","value":"Role k"},{"op":"replace","path":"/name","value":"Role k"}]}`)
	}
}

// BenchmarkListPage is one page of 1,000 of 10,000 roles.
func BenchmarkListPage(b *testing.B) {
	e := start(b, Options{})
	for i := range 10_000 {
		e.want(201, "POST", rolesPath, realistic(fmt.Sprintf("k%d", i)))
	}
	b.ReportAllocs()
	for b.Loop() {
		e.want(200, "GET", rolesPath+"?limit=1000&offset=5000", "")
	}
}

func BenchmarkOpen(b *testing.B) {
	name := scratch(b)
	seed := make([]Role, 1000)
	for i := range seed {
		seed[i] = Role{Key: fmt.Sprintf("k%d", i), Name: "n", Policy: Presets()[4].PresetStatements}
	}
	for b.Loop() {
		e, err := New(Options{File: name, Seed: seed})
		if err != nil {
			b.Fatal(err)
		}
		if err := e.Close(); err != nil {
			b.Fatal(err)
		}
	}
}
