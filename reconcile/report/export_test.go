package report

// Hostile is the list of values that every sink is tried with.
var Hostile = hostile
