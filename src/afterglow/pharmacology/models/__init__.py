"""Published drug models as data: one TOML file each in `data/`, read by `catalogue`, turned into systems by `kinetics`.

What the rest of the engine builds on (effects, dose finding, updating):

`get_model(id) -> Model` and `choose_model(drug, route) -> Model` in `catalogue`.
`Subjects` in `afterglow.pharmacology.population`: `n`, `covariates` and `etas` as arrays of shape (n,);
`build_typical(model, covariates)` and `draw_subjects(model, covariates, n, rng)` make them.
`Dose(amount_mg, start_h, duration_h, ...)` in `afterglow.pharmacology.regimen`; `parse_regimen([...], ...)` makes them.
`build_kinetics(model, subjects, doses, *, drug, route) -> Kinetics` in `kinetics`; a `Kinetics` has

- `system`: a `LinearSystem` whose outputs are concentrations in mg/L (ng/mL = 1000 x),
- `inputs`: a tuple of `Input`,
- `esketamine`: name of the output that is S-ketamine (for a racemate the S part by the enantiomer rule),
- `arketamine`: name of the output that is R-ketamine, or None when no R is given,
- `analytes`: names of the outputs that are reported: `ketamine`, `norketamine`, `hydroxynorketamine`, ...,
- `parameters`: name -> array (n,) of the individual values, `subjects`, `doses`, `sampling_site`.

So `solve(kinetics.system, kinetics.inputs, times_h).values[kinetics.esketamine]` is S-ketamine, (n_times, n), mg/L, and
`drive(kinetics.system, kinetics.inputs, times_h, driver=kinetics.esketamine, ...)` drives an effect by it.
"""
