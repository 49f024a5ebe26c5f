(* The words in which the theorems are stated, each defined once. Nothing is proved here.

   Q and P are measures on any measurable space T, X and V real functions on T, R any model of the
   real numbers. [fine] turns a finite extended real into a real, [%:E] goes the other way. *)
From goodhart Require Import library.
Local Open Scope classical_set_scope.
Local Open Scope ring_scope.

Section definitions.
Context d (T : measurableType d) (R : realType).
Implicit Types (Q P : {measure set T -> \bar R}) (X V g : T -> R).

(* Q is a probability measure. *)
Definition law Q := Q setT = 1%E.

(* E|X| is finite, and E X. *)
Definition finite_mean Q X := Q.-integrable setT (EFin \o X).
Definition mean Q X : \bar R := (\int[Q]_x (X x)%:E)%E.

(* The events X > t and X >= t, and the tail Q(X > t). *)
Definition above X t : set T := [set x | t < X x].
Definition at_least X t : set T := [set x | t <= X x].
Definition tail Q X t : R := fine (Q (above X t)).

(* E exp(l X), possibly infinite; both kinds of tail are about the right side only. *)
Definition mgf Q X l : \bar R := (\int[Q]_x (expR (l * X x))%:E)%E.
Definition right_heavy Q X := forall l, 0 < l -> mgf Q X l = +oo%E.
Definition right_light Q X := exists2 l, 0 < l & (mgf Q X l < +oo)%E.

(* X exceeds every bound with positive probability. *)
Definition unbounded Q X := forall t, (0 < Q (above X t))%E.

(* Q(X > t + 1) / Q(X > t) -> 0 as t -> oo; in particular Q(X > t) is never 0. *)
Definition superexponential Q X := unbounded Q X /\
  forall e, 0 < e -> exists N, forall t, N <= t -> tail Q X (t + 1) <= e * tail Q X t.

(* X and V are independent. *)
Definition independent Q X V := forall A B : set R, measurable A -> measurable B ->
  Q (X @^-1` A `&` V @^-1` B) = (Q (X @^-1` A) * Q (V @^-1` B))%E.

(* E[V | E] > M: the event E has positive probability, and V a mean above M on it. *)
Definition conditional_mean_above Q V (E : set T) (M : R) :=
  (0 < Q E)%E /\ (M%:E * Q E < \int[Q]_(x in E) (V x)%:E)%E.

(* g = dP/dQ: the density of P with respect to Q. *)
Definition density P Q g := [/\ measurable_fun setT g, forall x, 0 <= g x &
  forall S, measurable S -> P S = (\int[Q]_(x in S) (g x)%:E)%E].

(* KL(P || Q) = E_Q[g log g] for the P with density g; natural logarithm, 0 log 0 = 0. *)
Definition KL Q g : \bar R := (\int[Q]_x (g x * ln (g x))%:E)%E.

(* The divergence between two coins that fall heads with probability p and q. *)
Definition kl (p q : R) : R := p * ln (p / q) + (1 - p) * ln ((1 - p) / (1 - q)).

(* The threshold reweighting: mass p above t, 1 - p up to t, Q's proportions on either side. *)
Definition threshold Q X t p x : R :=
  if t < X x then p / tail Q X t else (1 - p) / (1 - tail Q X t).

End definitions.
