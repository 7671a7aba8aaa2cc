"""A report that people look at: one HTML file without a network, whose page evaluates the plans of a decision map by itself.

study.py asks the questions, model_data.py, as_planned.py and page_data.py put the answers into one JSON, page.py makes the file,
pdf.py prints it, notebook.py shows a plan and its charts in Jupyter. assets/ holds the page's style and scripts:

    evaluate.js   the value, cash and MW of every plan at any prices; nothing but PlanTerms in numbers
    as_planned.js the same for a plan that cannot be revalued, at the scenario's own prices alone
    format.js     numbers, elements and tables
    charts_*.js   one function a chart: figures in, an ECharts option and the same figures as a table out
    page.js       sliders, what they move, and drawing what is in sight

Charts are Apache ECharts: Apache-2.0, one file of 1.1 MB that needs no network, with stacked steps, custom shapes for the map's
regions, and SVG for print; uPlot is smaller and has none of the three, Plotly is as large and has no custom shapes to hover over.
"""
