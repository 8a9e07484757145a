"""The bundled data are what their sources say, and a reader cannot damage them."""

from importlib.resources import files

import numpy as np
import pytest

from mixtures import MixtureModel, Normal, canvas, datasets

ROWS = {
    "coal_disasters": 191,
    "galaxies": 82,
    "galton_heights": 934,
    "horseshoe_crabs": 15,
    "old_faithful": 272,
    "penguins": 344,
    "spike_times": 1930,
    "times_deaths": 10,
}
MISSING = {"coal_disasters": 1, "penguins": 2 * 4 + 11}  # cells


def test_names_are_the_files():
    stored = sorted(file.name for file in files(datasets).iterdir() if file.name.endswith(".csv"))
    assert stored == [f"{name}.csv" for name in datasets.names()] == [f"{name}.csv" for name in ROWS]


@pytest.mark.parametrize("name", ROWS)
def test_every_data_set_is_whole_and_tells_its_story(name):
    data = datasets.load(name)
    assert data.name == name
    assert len(data) == ROWS[name]
    assert tuple(data) == data.columns == tuple(dict(data))
    missing = 0
    for column in data.columns:
        assert data[column].shape == (len(data),)
        missing += sum(cell is None or cell != cell for cell in data[column].tolist())
        assert column in data.description
    assert missing == MISSING.get(name, 0)
    assert data.origin
    assert data.licence
    assert repr(data).startswith(f"<Dataset {name}: {len(data)} rows of ")


@pytest.mark.parametrize("name", ROWS)
def test_readme_lists_every_file(name):
    assert f"| `{name}.csv` | {ROWS[name]:,} " in files(datasets).joinpath("README.md").read_text("utf-8")


def test_old_faithful():
    data = datasets.load("old_faithful")
    assert data["waiting"].mean() == pytest.approx(70.897059, abs=5e-7)
    assert data["eruptions"].mean() == pytest.approx(3.487783, abs=5e-7)
    # The means would not notice two rows exchanged within one column.
    assert np.corrcoef(data["eruptions"], data["waiting"])[0, 1] == pytest.approx(0.9008112, abs=5e-8)


def test_times_deaths_as_frequencies_and_as_days():
    data = datasets.load("times_deaths")
    np.testing.assert_array_equal(data["deaths"], np.arange(10))
    np.testing.assert_array_equal(data["days"], [162, 267, 271, 185, 111, 61, 27, 8, 3, 1])

    days = data.repeated("days")
    assert days.columns == ("deaths",)
    assert len(days) == 1096  # 1912 was a leap year
    np.testing.assert_array_equal(np.bincount(days["deaths"].astype(int)), data["days"])
    assert days["deaths"].mean() == pytest.approx(np.average(data["deaths"], weights=data["days"]))


def test_horseshoe_crabs():
    data = datasets.load("horseshoe_crabs")
    females = data.repeated("females")
    assert (len(females), females["satellites"].sum()) == (173, 505)
    assert females["satellites"].var(ddof=1) == pytest.approx(9.912, abs=5e-4)
    assert data["females"][data["satellites"] == 0] == [62]


def test_coal_disasters():
    data = datasets.load("coal_disasters")
    assert (data["date"][0], data["date"][-1]) == ("1851-03-15", "1962-03-22")
    dates = data["date"].astype("datetime64[D]")
    np.testing.assert_array_equal(np.diff(dates).astype(float), data["days"][1:])
    assert np.isnan(data["days"][0])
    before = dates < np.datetime64("1890-01-01")  # the rate fell about then
    assert (before.sum(), data["days"][1:].sum()) == (123, 40549)


def test_galaxies_offers_both_readings_of_the_78th_value():
    data = datasets.load("galaxies")
    assert (data["velocity"][77], data["velocity_mass"][77]) == (26960, 26690)
    assert np.flatnonzero(data["velocity"] != data["velocity_mass"]).tolist() == [77]
    assert data["velocity_mass"].mean() == pytest.approx(20828.17, abs=0.005)
    assert (np.diff(data["velocity"]) > 0).all()


def test_penguins():
    data = datasets.load("penguins")
    species, count = np.unique(data["species"], return_counts=True)
    assert dict(zip(species.tolist(), count.tolist(), strict=True)) == {"Adelie": 152, "Chinstrap": 68, "Gentoo": 124}
    assert np.nanmean(data["body_mass_g"]) == pytest.approx(4201.754386, abs=5e-7)
    assert np.nanmean(data["bill_length_mm"][data["species"] == "Gentoo"]) == pytest.approx(47.504878, abs=5e-7)
    assert np.unique(data["island"]).tolist() == ["Biscoe", "Dream", "Torgersen"]
    assert [cell for cell in data["sex"].tolist() if cell is None] == [None] * 11


def test_galton_heights():
    data = datasets.load("galton_heights")
    sexes, counts = np.unique(data["sex"], return_counts=True)
    assert dict(zip(sexes, counts, strict=True)) == {"female": 453, "male": 481}
    assert np.unique(data["family"]).size == 205
    assert "136A" in data["family"]
    assert data["height"].mean() == pytest.approx(66.745931, abs=5e-7)
    assert data["height"][data["sex"] == "female"].mean() == pytest.approx(64.103974, abs=5e-7)
    np.testing.assert_allclose(data["height_cm"], 2.54 * data["height"], rtol=1e-14)
    for parent in ("father", "mother"):
        assert np.unique([data["family"], data[parent].astype(str)], axis=1).shape[1] == 205


def test_spike_times():
    data = datasets.load("spike_times")
    assert data["time"].mean() == pytest.approx(-1.472953, abs=5e-7)
    assert (data["time"].min(), data["time"].max()) == (-249.9, 249.7)
    spikes = np.bincount(data["trial"].astype(int))[1:]
    assert np.bincount(spikes).tolist() == [0, 0, 3, 64, 282, 116, 4]
    within_a_trial = np.diff(data["trial"]) == 0
    assert np.diff(data["time"])[within_a_trial].min() == pytest.approx(47)


def test_columns_are_read_only_and_loads_are_independent():
    data = datasets.load("old_faithful")
    for table in (data, data.repeated("waiting")):
        with pytest.raises(ValueError, match="read-only"):
            table["eruptions"][0] = 0
    data["waiting"].flags.writeable = True  # even force reaches this copy only
    data["waiting"][0] = 0
    assert datasets.load("old_faithful")["waiting"][0] == 79


def test_an_unknown_name_is_answered_with_the_nearest_and_the_list():
    with pytest.raises(ValueError, match=r"named 'old_faithfull'.*mean 'old_faithful'.*times_deaths"):
        datasets.load("old_faithfull")
    with pytest.raises(ValueError, match=r"named 'xyzzy'\. Choose from: coal_disasters, galaxies"):
        datasets.load("xyzzy")
    with pytest.raises(KeyError, match=r"no column of old_faithful named 'wating'.*mean 'waiting'"):
        datasets.load("old_faithful")["wating"]


@pytest.mark.parametrize("times", ["sex", "height", "height_cm"])
def test_rows_cannot_be_repeated_a_fraction_of_times(times):
    with pytest.raises(ValueError, match=f"column '{times}' of galton_heights .* whole numbers"):
        datasets.load("galton_heights").repeated(times)


def test_rows_cannot_be_repeated_less_than_never():
    with pytest.raises(ValueError, match="whole numbers >= 0"):
        datasets.Dataset("mine", "", "", "", {"x": np.ones(2), "n": np.array([1.0, -1.0])}).repeated("n")


def test_columns_are_replaced_and_added_in_a_copy():
    data = datasets.load("old_faithful")
    hours = data["waiting"] / 60.0
    changed = data.with_columns(waiting=hours, number=np.arange(len(data)))
    assert changed.columns == ("eruptions", "waiting", "number")
    assert changed.description == data.description
    np.testing.assert_array_equal(changed["waiting"], hours)
    assert hours.flags.writeable and not changed["waiting"].flags.writeable
    assert data["waiting"].max() == 96.0
    with pytest.raises(ValueError, match=r"has 272 rows, shape \(272,\); 'waiting' has shape \(3,\)"):
        data.with_columns(waiting=np.ones(3))


def test_select_takes_columns_in_the_order_named():
    heights = datasets.load("galton_heights")
    few = heights.select("sex", "height_cm")
    assert few.columns == ("sex", "height_cm")
    assert len(few) == 934
    np.testing.assert_array_equal(few["height_cm"], heights["height_cm"])
    with pytest.raises(KeyError, match="height_m"):
        heights.select("height_m")


def test_a_table_of_numbers_is_an_array_of_its_columns():
    geyser = datasets.load("old_faithful")
    np.testing.assert_array_equal(np.asarray(geyser), np.column_stack([geyser["eruptions"], geyser["waiting"]]))
    assert np.asarray(geyser.select("waiting")).shape == (272, 1)
    assert np.asarray(datasets.load("penguins").select("species", "island")).dtype.kind == "U"
    with pytest.raises(ValueError, match="is a copy"):
        np.array(geyser, copy=False)


def test_models_take_a_table_and_plots_have_its_names():
    geyser = datasets.load("old_faithful")
    model = MixtureModel([Normal(55, 6), Normal(80, 6)])
    np.testing.assert_array_equal(model.log_pdf(geyser.select("waiting")), model.log_pdf(geyser["waiting"]))
    assert canvas.drawn(model, geyser.select("waiting"), None).columns == ["waiting"]
