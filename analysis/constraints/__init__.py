"""What similarity cannot do, claim by claim: which models still have each constraint, in a word, a number and an interval."""
