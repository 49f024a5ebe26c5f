(* What everything here is built on: mathcomp-analysis 0.6.0, for Coq 8.16. Where this file does not
   compile, another library is installed, or none; nothing is then said about the proofs. *)
From mathcomp Require Export all_ssreflect ssralg ssrnum ssrint interval finmap.
From mathcomp Require Export ring.
From mathcomp.classical Require Export boolp classical_sets functions fsbigop cardinality.
From mathcomp.classical Require Export mathcomp_extra.
From mathcomp.analysis Require Export reals signed ereal topology normedtype derive sequences.
From mathcomp.analysis Require Export numfun measure lebesgue_measure lebesgue_integral exp.
Export Order.TTheory GRing.Theory Num.Def Num.Theory.
Export numFieldTopology.Exports.
#[export] Set Implicit Arguments.
#[export] Unset Strict Implicit.
#[export] Unset Printing Implicit Defensive.
