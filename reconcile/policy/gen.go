//go:build ignore

// Program gen makes catalogue.json from the reference file named on the command line:
//
//	go run gen.go REFERENCE catalogue.json
package main

import (
	"log"
	"os"

	"github.com/rolewright/rolewright/reconcile/policy/internal/gencatalogue"
)

func main() {
	if len(os.Args) != 3 {
		log.Fatal("usage: gen REFERENCE OUTPUT")
	}
	ref, err := os.ReadFile(os.Args[1])
	if err != nil {
		log.Fatal(err)
	}
	out, err := gencatalogue.Convert(ref)
	if err != nil {
		log.Fatal(err)
	}
	if err := os.WriteFile(os.Args[2], out, 0o644); err != nil {
		log.Fatal(err)
	}
}
