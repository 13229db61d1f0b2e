package pattern

import (
	"go/ast"
	"go/parser"
	"go/token"
	"io/fs"
	"path/filepath"
	"regexp"
	"strconv"
	"strings"
	"testing"
)

func TestLazy(t *testing.T) {
	never := Lazy(`(`)
	some := Lazy(`^a+$`)
	if first := some(); !first.MatchString("aa") || first.MatchString("b") || first != some() {
		t.Error("the expression is another one, or compiled twice")
	}
	defer func() {
		if recover() == nil {
			t.Error("what does not compile does not panic")
		}
	}()
	never()
}

// TestAll compiles every expression of the program: one that does not would be found only where it is used.
func TestAll(t *testing.T) {
	found := 0
	err := filepath.WalkDir("../..", func(path string, d fs.DirEntry, err error) error {
		if err != nil || !strings.HasSuffix(path, ".go") || strings.HasSuffix(path, "_test.go") {
			return err
		}
		file, err := parser.ParseFile(token.NewFileSet(), path, nil, 0)
		if err != nil {
			return err
		}
		ast.Inspect(file, func(n ast.Node) bool {
			call, ok := n.(*ast.CallExpr)
			if ok && lazy(call.Fun) {
				compiles(t, path, call.Args[0])
				found++
			}
			return true
		})
		return nil
	})
	if err != nil || found < 30 {
		t.Errorf("%d expressions found: %v", found, err)
	}
}

func lazy(fun ast.Expr) bool {
	switch fun := fun.(type) {
	case *ast.Ident:
		return fun.Name == "lazily" // in package role, which imports nothing of ours
	case *ast.SelectorExpr:
		x, ok := fun.X.(*ast.Ident)
		return ok && x.Name == "pattern" && fun.Sel.Name == "Lazy"
	}
	return false
}

func compiles(t *testing.T, path string, arg ast.Expr) {
	lit, ok := arg.(*ast.BasicLit)
	if !ok {
		t.Errorf("%s: an expression that is put together", path)
		return
	}
	text, err := strconv.Unquote(lit.Value)
	if err != nil {
		t.Fatal(err)
	}
	if _, err := regexp.Compile(text); err != nil {
		t.Errorf("%s: %v", path, err)
	}
}
