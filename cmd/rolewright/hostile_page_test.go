package main

import (
	"io/fs"
	"os"
	"path/filepath"
	"regexp"
	"strings"
	"testing"
)

var (
	testName = regexp.MustCompile("`((?:Test|Fuzz)[A-Za-z0-9]+)`|[' |](Test[A-Za-z0-9]+)")
	testFunc = regexp.MustCompile(`(?m)^func ((?:Test|Fuzz)[A-Za-z0-9]+)\(`)
	pathName = regexp.MustCompile("`((?:[a-z.]+/|[A-Z]+\\.md)[A-Za-z0-9_./-]*)`")
)

// TestSecurityPage: every test and every file that SECURITY.md names is there.
func TestSecurityPage(t *testing.T) {
	data, err := os.ReadFile("../../SECURITY.md")
	if err != nil {
		t.Fatal(err)
	}
	page, have := string(data), testsOfTheRepository(t)
	if n := strings.Count(page, "\n"); n >= 200 {
		t.Errorf("%d lines", n)
	}
	named, paths := 0, 0
	for _, m := range testName.FindAllStringSubmatch(page, -1) {
		name := m[1] + m[2]
		named++
		if !have[name] && !begins(have, name, page) {
			t.Errorf("there is no %s", name)
		}
	}
	for _, m := range pathName.FindAllStringSubmatch(page, -1) {
		paths++
		if _, err := os.Stat(filepath.Join("../..", m[1])); err != nil {
			t.Error(err)
		}
	}
	if named < 60 || paths < 5 {
		t.Errorf("only %d names and %d paths were found", named, paths)
	}
}

// begins reports whether a name stands for all that begin with it, as in a pattern for go test.
func begins(have map[string]bool, name, page string) bool {
	if strings.Contains(page, "`"+name+"`") {
		return false
	}
	for other := range have {
		if strings.HasPrefix(other, name) {
			return true
		}
	}
	return false
}

func testsOfTheRepository(t *testing.T) map[string]bool {
	t.Helper()
	have := map[string]bool{}
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, "_test.go") {
			return err
		}
		text, err := os.ReadFile(path)
		for _, m := range testFunc.FindAllStringSubmatch(string(text), -1) {
			have[m[1]] = true
		}
		return err
	})
	if err != nil {
		t.Fatal(err)
	}
	return have
}
